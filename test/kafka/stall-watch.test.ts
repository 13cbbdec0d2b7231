import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { KafkaBounds, TopicPartition } from '../../src/kafka/kafka-client.ts'
import { KafkaError } from '../../src/kafka/kafka-error.ts'
import { unknownTopic } from '../../src/kafka/kafka-refusals.ts'
import { type ReadPositions, readPositions } from '../../src/kafka/read-positions.ts'
import { type StallWatch, stallWatch } from '../../src/kafka/stall-watch.ts'

const place = (partition: number): TopicPartition => ({ topic: 'log', partition })

interface Watched {
  readonly watch: StallWatch
  readonly positions: ReadPositions
  readonly asked: TopicPartition[]
}

/** Two partitions, both to be read from offset 5 on; the first check after 10 s, then one each 5 s. */
function watched(bounds: (partition: number) => KafkaBounds | Error): Watched {
  const positions = readPositions()
  positions.assign([
    { ...place(0), offset: 5n },
    { ...place(1), offset: 5n },
  ])
  const asked: TopicPartition[] = []
  const watch = stallWatch({
    description: 'kafka test',
    positions,
    patienceMilliseconds: 60_000,
    bounds: async (one) => {
      asked.push(one)
      const answer = bounds(one.partition)
      if (answer instanceof Error) throw answer
      return answer
    },
  })
  return { watch, positions, asked }
}

/** So many seconds of silence, in polls of one second; answers what ended it. */
async function silence(watch: StallWatch, seconds: number): Promise<unknown> {
  for (let second = 0; second < seconds; second++) {
    try {
      const ends = await watch.quiet(1000)
      if (ends.length > 0) return ends
    } catch (error) {
      return error
    }
  }
  return undefined
}

const there = { low: 0n, end: 9n }
const away = new KafkaError('away', { code: -195 })

describe('stallWatch', () => {
  it('asks for nothing while records arrive', async () => {
    const { watch, asked } = watched(() => there)
    for (let turn = 0; turn < 10; turn++) {
      expect(await silence(watch, 9)).to.equal(undefined)
      watch.progressed()
    }
    expect(asked).to.deep.equal([])
  })

  it('asks for nothing where every partition is paused or at its end', async () => {
    const { watch, positions, asked } = watched(() => there)
    positions.reach([{ ...place(0), offset: 5 }])
    const other = positions.find(place(1))
    if (other !== undefined) other.isPaused = true
    expect(await silence(watch, 300)).to.equal(undefined)
    expect(asked).to.deep.equal([])
  })

  it('finds the partition whose next offset is gone', async () => {
    const { watch } = watched((partition) => (partition === 1 ? { low: 6n, end: 9n } : there))
    const error = await silence(watch, 20)
    expect(isBatchError(error, 'INPUT_CHANGED')).to.equal(true)
    expect(String(error)).to.match(/offset 5.*partition 1.*begins at 6/)
  })

  it('finds the topic that is gone', async () => {
    const error = await silence(watched(() => unknownTopic('log', 'kafka test')).watch, 20)
    expect(isBatchError(error, 'INPUT_CHANGED')).to.equal(true)
  })

  it('tells an end that the driver has not told', async () => {
    const { watch } = watched((partition) => (partition === 0 ? { low: 0n, end: 5n } : there))
    expect(await silence(watch, 20)).to.deep.equal([{ ...place(0), offset: 5n }])
  })

  it('fails with partition and offset where brokers answer and nothing arrives', async () => {
    const { watch } = watched(() => there)
    expect(await silence(watch, 39)).to.equal(undefined)
    const error = await silence(watch, 10)
    expect(error).to.be.instanceOf(KafkaError)
    expect(String(error)).to.match(/topic log, partition 0 from offset 5 on.*up to 9/)
  })

  it('waits for brokers that are away, and then anew for what they have', async () => {
    let isAway = true
    const { watch } = watched(() => (isAway ? away : there))
    expect(await silence(watch, 59)).to.equal(undefined)
    isAway = false
    expect(await silence(watch, 29)).to.equal(undefined)
    expect(await silence(watch, 10)).to.be.instanceOf(KafkaError)
  })

  it('gives up on brokers that stay away', async () => {
    expect(isBatchError(await silence(watched(() => away).watch, 61), 'SERVER_UNAVAILABLE')).to.equal(true)
  })

  it('is asked which offset is gone', async () => {
    const { watch } = watched((partition) => (partition === 1 ? { low: 0n, end: 4n } : there))
    let error: unknown
    await watch.findGone().catch((thrown: unknown) => (error = thrown))
    expect(String(error)).to.match(/offset 5.*partition 1.*ends before 4/)
  })
})
