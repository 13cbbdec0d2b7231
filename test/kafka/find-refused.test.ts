import { expect } from 'chai'
import { type DriverSendFailure, findRefused, isRefusedWithBatch } from '../../src/kafka/find-refused.ts'

/** A broker that refuses what it is sent as a whole where a bad one is in it. */
function brokerRefusing(bad: readonly number[]) {
  const taken: number[] = []
  const send = async (indexes: readonly number[]): Promise<readonly DriverSendFailure[]> => {
    if (indexes.some((index) => bad.includes(index)))
      return indexes.map((index) => ({ index, error: new Error(`refused ${index}`), inBatch: true }))
    taken.push(...indexes)
    return []
  }
  return { taken, send }
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)

describe('Records that are refused with their batch', () => {
  it('are sent again in halves, until those that are refused were refused alone', async () => {
    for (const bad of [[3], [0, 15], [4, 5, 6], upTo(16)]) {
      const { taken, send } = brokerRefusing(bad)
      const found = await findRefused(await send(upTo(16)), send)
      expect(found.map(({ index }) => index)).to.deep.equal(bad)
      expect(taken).to.deep.equal(upTo(16).filter((index) => !bad.includes(index)))
    }
  })

  it('are none where each of them is taken by itself', async () => {
    const send = async (indexes: readonly number[]): Promise<readonly DriverSendFailure[]> =>
      indexes.length > 2
        ? indexes.map((index) => ({ index, error: new Error('too many'), inBatch: true }))
        : []
    expect(await findRefused(await send(upTo(7)), send)).to.deep.equal([])
  })

  it('stand beside those that have failed by themselves, which are not sent again', async () => {
    const own = { index: 1, error: new Error('mine') }
    const { taken, send } = brokerRefusing([2])
    const others = [0, 2, 3].map((index) => ({ index, error: new Error('ours'), inBatch: true }))
    const found = await findRefused([own, ...others], send)
    expect(found.map(({ index }) => index)).to.deep.equal([1, 2])
    expect(taken).to.deep.equal([0, 3])
  })

  it('are told by the codes that brokers give a whole batch', () => {
    expect([10, 32, 87, -138].every(isRefusedWithBatch)).to.equal(true)
    expect([3, 7, 29, -152, -192].some(isRefusedWithBatch)).to.equal(false)
  })
})
