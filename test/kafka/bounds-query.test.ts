import { expect } from 'chai'
import { boundsQuery } from '../../src/kafka/bounds-query.ts'
import type { DriverError } from '../../src/kafka/confluent-driver.ts'

const PATIENCE = { milliseconds: 5000, signal: new AbortController().signal }

/** A topic of many partitions, which may be deleted. */
function cluster() {
  let isGone = false
  let described = 0
  const query = boundsQuery({
    client: {
      queryWatermarkOffsets: (_topic, partition, _timeout, answer) =>
        isGone
          ? answer(Object.assign(new Error('unknown topic'), { code: 3 }) as DriverError, NOTHING)
          : answer(undefined, { lowOffset: partition, highOffset: 2000 }),
    },
    catalog: {
      describe: async () => {
        described += 1
        return isGone ? undefined : { id: 'one', partitions: Array.from({ length: 1000 }, (_, at) => at) }
      },
    },
    description: 'kafka test',
  })
  return { query, delete: () => (isGone = true), described: () => described }
}

const NOTHING = { lowOffset: -1, highOffset: -1 }

describe('The bounds of partitions', () => {
  it('are asked for one by one, and the topic not each time', async () => {
    const { query, described } = cluster()
    for (let partition = 0; partition < 1000; partition += 1)
      expect(await query({ topic: 'many', partition }, PATIENCE)).to.deep.equal({
        low: BigInt(partition),
        end: 2000n,
      })
    expect(described()).to.be.below(100)
  })

  it('are not waited for where the topic has gone a moment ago', async () => {
    const topic = cluster()
    await topic.query({ topic: 'many', partition: 1 }, PATIENCE)
    topic.delete()
    const refused = await topic
      .query({ topic: 'many', partition: 1 }, PATIENCE)
      .catch((error: unknown) => error)
    expect(String(refused)).to.contain('there is no topic many')
  })
})
