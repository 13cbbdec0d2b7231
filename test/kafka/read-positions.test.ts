import { expect } from 'chai'
import type { DriverMessage } from '../../src/kafka/confluent-driver.ts'
import { exactOffset, readPositions } from '../../src/kafka/read-positions.ts'

const message = (partition: number, offset: number, more: Partial<DriverMessage> = {}): DriverMessage => ({
  topic: 'log',
  partition,
  offset,
  timestamp: 7,
  key: null,
  value: null,
  ...more,
})

const place = (partition: number) => ({ topic: 'log', partition })

function assigned(...offsets: readonly bigint[]) {
  const positions = readPositions()
  positions.assign(offsets.map((offset, partition) => ({ ...place(partition), offset })))
  return positions
}

describe('readPositions', () => {
  it('takes the messages of all partitions in their order', () => {
    const positions = assigned(0n, 5n)
    const taken = positions.take([message(0, 0), message(1, 5), message(0, 1), message(1, 9)])
    expect(taken.map(({ partition, offset }) => [partition, offset])).to.deep.equal([
      [0, 0n],
      [1, 5n],
      [0, 1n],
      [1, 9n],
    ])
    expect(positions.unfinished().map(({ next }) => next)).to.deep.equal([2, 10])
  })

  it('reaches an end that stands behind the last message, as behind markers', () => {
    const positions = assigned(0n)
    positions.take([message(0, 0)])
    expect(positions.reach([{ ...place(0), offset: 4 }])).to.deep.equal([{ ...place(0), offset: 4n }])
    expect(positions.unfinished()).to.deep.equal([])
    positions.take([message(0, 4)])
    expect(positions.unfinished()).to.have.lengthOf(1)
  })

  it('passes over an end that lies before what was taken', () => {
    const positions = assigned(0n)
    positions.take([message(0, 0), message(0, 1)])
    expect(positions.reach([{ ...place(0), offset: 1 }])).to.deep.equal([])
  })

  it('leaves out what is paused, was not assigned, or was taken before', () => {
    const positions = assigned(3n, 0n)
    const paused = positions.find(place(1))
    if (paused !== undefined) paused.isPaused = true
    expect(positions.take([message(0, 2), message(1, 0), message(2, 0)])).to.deep.equal([])
    expect(positions.reach([1, 2].map((partition) => ({ ...place(partition), offset: 9 })))).to.deep.equal([])
  })

  it('keeps the headers in order, whatever their names', () => {
    const strange: Record<string, Buffer> = {}
    // As the driver does, which sets a property.
    Object.setPrototypeOf(strange, Buffer.from('p'))
    const headers = [{ b: Buffer.from('1') }, { 7: Buffer.from('2') }, { b: Buffer.from('3') }, strange]
    const [record] = assigned(0n).take([message(0, 0, { headers })])
    expect(record?.headers.map(({ name, value }) => [name, value.toString()])).to.deep.equal([
      ['b', '1'],
      ['7', '2'],
      ['b', '3'],
      ['__proto__', 'p'],
    ])
  })

  it('has no timestamp where the record has none', () => {
    expect(assigned(0n).take([message(0, 0, { timestamp: -1 })])[0]?.timestamp).to.equal(undefined)
  })

  it('refuses offsets that a number cannot hold', () => {
    expect(exactOffset(2n ** 53n - 1n)).to.equal(Number.MAX_SAFE_INTEGER)
    expect(() => exactOffset(2n ** 53n)).to.throw('beyond 2^53')
    expect(() => assigned(0n).take([message(0, 2 ** 53)])).to.throw('beyond 2^53')
  })
})
