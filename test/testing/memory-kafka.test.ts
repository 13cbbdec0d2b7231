import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { KafkaConsumer, KafkaPoll, KafkaProducer } from '../../src/kafka/index.ts'
import { KafkaError } from '../../src/kafka/index.ts'
import {
  fakeClock,
  kafkaClientContract,
  type KafkaClientSubject,
  type MemoryKafka,
  memoryKafka,
} from '../../src/testing/index.ts'

function subject(): Promise<KafkaClientSubject> {
  const client = memoryKafka({ recordsPerPoll: 3 })
  let topics = 0
  return Promise.resolve({
    client,
    createTopic: async (partitions) => {
      const name = `topic-${++topics}`
      client.createTopic(name, { partitions })
      return name
    },
    deleteTopic: async (topic) => client.deleteTopic(topic),
    createAgain: async (topic, partitions) => client.createTopic(topic, { partitions }),
    deleteBefore: async (position) => client.deleteBefore(position),
  })
}

const signal = new AbortController().signal
const place = { topic: 'log', partition: 0 }

const consumerOf = (log: MemoryKafka, own = signal): Promise<KafkaConsumer> =>
  log.openConsumer({ isolation: 'read_committed', signal: own })

const producerOf = (log: MemoryKafka, transactionalId?: string, own = signal): Promise<KafkaProducer> =>
  log.openProducer({
    compression: 'none',
    transactionTimeoutMilliseconds: 1000,
    deliveryTimeoutMilliseconds: 1000,
    signal: own,
    ...(transactionalId !== undefined && { transactionalId }),
  })

const output = (value: string) => ({ topic: 'log', key: null, value: Buffer.from(value), headers: [] })

const valuesIn = (log: MemoryKafka, topic = 'log'): readonly string[] =>
  log.records(topic).map(({ value }) => String(value))

function logWith(...values: readonly string[]): MemoryKafka {
  const log = memoryKafka({ recordsPerPoll: 3 })
  log.createTopic('log')
  log.produce(
    'log',
    values.map((value) => ({ value })),
  )
  return log
}

/** An open transaction of `id` with one record, and what commits it. */
async function begun(log: MemoryKafka, id = 'id', own = signal) {
  const producer = await producerOf(log, id, own)
  await producer.transactions?.begin()
  await producer.send([output('mine')])
  return async () => producer.transactions?.commit([{ ...place, offset: 5n, metadata: 'm' }])
}

async function rejection(work: Promise<unknown> | undefined): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

describe('memoryKafka', () => {
  for (const { promise, check } of kafkaClientContract(subject)) it(promise, check)

  it('hands over few records a poll, and tells an end in the poll behind a full one', async () => {
    const consumer = await consumerOf(logWith('a', 'b', 'c'))
    consumer.assign([{ ...place, offset: 0n }])
    const sizes = (poll: KafkaPoll) => [poll.records.length, poll.reached.length]
    expect(sizes(await consumer.poll(100))).to.deep.equal([3, 0])
    expect(sizes(await consumer.poll(100))).to.deep.equal([0, 1])
  })

  it('puts records without a key into the partitions in turn', () => {
    const log = memoryKafka()
    log.createTopic('wide', { partitions: 3 })
    log.produce(
      'wide',
      Array.from({ length: 6 }, () => ({ value: 'x' })),
    )
    expect(log.records('wide').map(({ partition }) => partition)).to.deep.equal([0, 0, 1, 1, 2, 2])
  })

  it('gives records the time of its clock', () => {
    const log = memoryKafka({ clock: fakeClock({ now: '2026-01-31T00:00:00Z' }) })
    log.createTopic('log')
    log.produce('log', [{ value: 'a' }, { value: 'b', timestamp: 7 }])
    expect(log.records('log').map(({ timestamp }) => timestamp)).to.deep.equal([Date.UTC(2026, 0, 31), 7])
  })

  it('leaves gaps where a topic was compacted, over which a reader goes', async () => {
    const log = memoryKafka()
    log.createTopic('log')
    log.produce(
      'log',
      ['a', 'b', 'a', 'b', 'a'].map((key, index) => ({ key, value: `${key}${index}` })),
    )
    log.compact('log')
    expect(log.records('log').map(({ offset }) => offset)).to.deep.equal([3n, 4n])
    const consumer = await consumerOf(log)
    expect(await consumer.bounds(place)).to.deep.equal({ low: 0n, end: 5n })
    consumer.assign([{ ...place, offset: 1n }])
    const { records, reached } = await consumer.poll(10)
    expect(records.map(({ value }) => String(value))).to.deep.equal(['b3', 'a4'])
    expect(reached).to.deep.equal([{ ...place, offset: 5n }])
  })

  it('does not compact away what stands behind an open transaction, nor for what was aborted', () => {
    const log = memoryKafka()
    log.createTopic('log')
    log.produce('log', [{ key: 'a', value: 'kept' }])
    const aborted = log.beginTransaction()
    aborted.produce('log', [{ key: 'a', value: 'aborted' }])
    aborted.abort()
    const open = log.beginTransaction()
    open.produce('log', [{ key: 'a', value: 'open' }])
    log.compact('log')
    expect(valuesIn(log)).to.deep.equal(['kept'])
    open.commit()
    expect(valuesIn(log)).to.deep.equal(['kept', 'open'])
  })

  it('throws INPUT_CHANGED to a reader whose topic was deleted, and made again', async () => {
    const log = logWith('a', 'b')
    const consumer = await consumerOf(log)
    consumer.assign([{ ...place, offset: 0n }])
    log.deleteTopic('log')
    log.createTopic('log')
    log.produce('log', [{ value: 'another' }])
    expect(isBatchError(await rejection(consumer.poll(10)), 'INPUT_CHANGED')).to.equal(true)
  })

  it('lets chosen records fail, so often as planned', async () => {
    const log = logWith()
    const error = new KafkaError('planned', { code: 7 })
    log.failSends({ error, which: ({ value }) => String(value) === 'b', times: 1 })
    const producer = await producerOf(log)
    expect(await producer.send([output('a'), output('b'), output('c')])).to.deep.equal([{ index: 1, error }])
    expect(await producer.send([output('b')])).to.deep.equal([])
    expect(valuesIn(log)).to.deep.equal(['a', 'c', 'b'])
  })

  it('commits no transaction of which a record has failed on its way', async () => {
    const log = logWith()
    const error = new KafkaError('planned', { code: 7 })
    log.failSends({ error, times: 1 })
    const commit = await begun(log)
    expect(await rejection(commit())).to.be.instanceOf(KafkaError)
    expect(valuesIn(log)).to.deep.equal([])
    expect(log.groupOffsets('id')).to.deep.equal([])
  })

  it('fails the next call that is planned to, once', async () => {
    const log = logWith('a')
    const error = new Error('planned')
    log.failNext('bounds', error)
    const consumer = await consumerOf(log)
    expect(await rejection(consumer.bounds(place))).to.equal(error)
    expect((await consumer.bounds(place)).end).to.equal(1n)
  })

  for (const outcome of ['committed', 'aborted'] as const) {
    it(`loses the answer of a commit that was ${outcome}: the next producer of the id finds out`, async () => {
      const log = logWith()
      log.loseCommitAnswer(outcome)
      const commit = await begun(log)
      const error = await rejection(commit())
      expect(isBatchError(error, 'WRITE_FAILED') && error.details['outcome']).to.equal('unknown')
      expect(valuesIn(log)).to.deep.equal(outcome === 'committed' ? ['mine'] : [])
      const next = await producerOf(log, 'id')
      expect(await next.transactions?.committed([place])).to.have.lengthOf(outcome === 'committed' ? 1 : 0)
    })
  }

  it('fences the producer of a transaction that has expired', async () => {
    const log = logWith()
    const commit = await begun(log)
    log.expireTransactions()
    expect(isBatchError(await rejection(commit()), 'PRODUCER_FENCED')).to.equal(true)
    expect(valuesIn(log)).to.deep.equal([])
  })

  it('says nothing of being fenced to a producer that commits nothing, as brokers do not', async () => {
    const log = logWith()
    const former = await producerOf(log, 'id')
    await producerOf(log, 'id')
    await former.transactions?.begin()
    await former.transactions?.commit([])
  })

  it('opens and answers nothing while its brokers are away; a commit waits for them', async () => {
    const log = logWith('a')
    const consumer = await consumerOf(log)
    const producer = await producerOf(log)
    const commit = await begun(log)
    consumer.assign([{ ...place, offset: 0n }])
    log.stopBrokers()
    expect(isBatchError(await rejection(consumerOf(log)), 'SERVER_UNAVAILABLE')).to.equal(true)
    expect(await consumer.poll(10)).to.deep.equal({ records: [], reached: [] })
    expect(await rejection(consumer.bounds(place))).to.be.instanceOf(KafkaError)
    expect(await producer.send([output('x')])).to.have.lengthOf(1)
    const committing = commit()
    log.startBrokers()
    await committing
    expect(valuesIn(log)).to.deep.equal(['a', 'mine'])
    expect(log.groupOffsets('id')).to.deep.equal([{ ...place, offset: 5n, metadata: 'm' }])
  })
})
