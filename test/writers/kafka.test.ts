import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { FILTERED } from '../../src/core/model/filtered.ts'
import type { ItemSink, ItemWriter } from '../../src/core/ports/item-writer.ts'
import { failedItems } from '../../src/core/ports/items-failed.ts'
import { json, text } from '../../src/kafka/formats.ts'
import { KafkaError } from '../../src/kafka/kafka-error.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_RESOURCES, NO_TRANSACTION_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { everyKillPoint } from '../../src/testing/kill-points/every-kill-point.ts'
import { type MemoryKafka, memoryKafka } from '../../src/testing/memory-kafka.ts'
import { testBatch } from '../../src/testing/test-batch.ts'
import { kafkaWriter, type KafkaTransactionOptions } from '../../src/writers/kafka.ts'

const TOPIC = 'totals'

interface Total {
  readonly id: number
  readonly state: string
}

const totals = (count: number): readonly Total[] =>
  Array.from({ length: count }, (_, id) => ({ id, state: `S${id % 4}` }))

function emptyLog(partitions = 1): MemoryKafka {
  const log = memoryKafka()
  log.createTopic(TOPIC, { partitions })
  return log
}

const writerOf = (client: MemoryKafka, transactional: boolean | KafkaTransactionOptions = false) =>
  kafkaWriter({
    client,
    topic: TOPIC,
    transactional,
    record: (total: Total) => ({ key: total.state, value: total }),
  })

const written = (log: MemoryKafka, topic = TOPIC): readonly unknown[] =>
  log.records(topic).map(({ value }) => (value === null ? null : (JSON.parse(value.toString()) as unknown)))

async function opened<T>(writer: ItemWriter<T>, transactionId = 'one'): Promise<ItemSink<T>> {
  return writer.open({
    from: undefined,
    jobName: 'job',
    jobExecutionId: '1',
    stepName: 'load',
    stepExecutionId: '1',
    transactionId,
    signal: new AbortController().signal,
    logger: SILENT_LOGGER,
    resources: NO_RESOURCES,
  })
}

async function rejected(work: Promise<unknown>): Promise<Error & { readonly code: string }> {
  try {
    await work
  } catch (error) {
    return error as Error & { readonly code: string }
  }
  throw new Error('it was not rejected')
}

describe('kafkaWriter', () => {
  describe('without transactions', () => {
    const cases = itemWriterContract({ guarantee: 'at-least-once', checkpoints: false }, async () => {
      const log = emptyLog()
      return { writer: writerOf(log), items: totals(6), visible: async () => written(log) }
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  describe('with transactions', () => {
    const traits = { guarantee: 'transactional', checkpoints: false, ownTransaction: true } as const
    const cases = itemWriterContract(traits, async () => {
      const log = emptyLog()
      return { writer: writerOf(log, true), items: totals(6), visible: async () => written(log) }
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  it('writes keys, values, headers, timestamps, partitions, topics by item, and tombstones', async () => {
    const log = emptyLog(3)
    log.createTopic('other')
    const sink = await opened(
      kafkaWriter({
        client: log,
        topic: TOPIC,
        key: text,
        value: json(z.number().nullable()),
        record: (id: number) => ({
          key: `k${id}`,
          value: id === 3 ? null : id,
          headers: { source: 'test', raw: Buffer.from([1]) },
          timestamp: new Date(1_700_000_000_000 + id),
          ...(id === 1 && { partition: 2 }),
          ...(id === 2 && { topic: 'other' }),
        }),
      }),
    )
    await sink.write([0, 1, 2, 3], NO_TRANSACTION_RESOURCES)
    await sink.close()
    const records = [...log.records(TOPIC), ...log.records('other')]
    const byKey = Object.fromEntries(records.map((record) => [record.key?.toString(), record]))
    expect(byKey['k1']).to.include({ partition: 2, timestamp: 1_700_000_000_001 })
    expect(byKey['k2']).to.include({ topic: 'other' })
    expect(byKey['k3']?.value).to.equal(null)
    expect(byKey['k0']?.headers).to.deep.equal([
      { name: 'source', value: Buffer.from('test') },
      { name: 'raw', value: Buffer.from([1]) },
    ])
  })

  it('names the items that cannot be encoded, and those that the log does not take; the others are written', async () => {
    const log = memoryKafka()
    log.createTopic(TOPIC, { maxRecordBytes: 200 })
    const sink = await opened(
      kafkaWriter({
        client: log,
        topic: TOPIC,
        record: (id: number) => ({
          key: id === 4 ? null : `k${id}`,
          value: id === 1 ? undefined : id === 2 ? 'x'.repeat(300) : id === 4 ? null : id,
        }),
      }),
    )
    const error = await rejected(sink.write([0, 1, 2, 3, 4], NO_TRANSACTION_RESOURCES))
    await sink.close()
    const failures = failedItems(error) ?? []
    expect(failures.map(({ index }) => index)).to.deep.equal([1, 2, 4])
    const messages = failures.map((one) => (one.error as Error).message)
    expect(messages[0]).to.contain('a undefined cannot be written as JSON')
    expect(failures[1]?.error).to.be.instanceOf(KafkaError)
    expect(messages[2]).to.contain('a tombstone (value null) needs a key')
    expect(written(log)).to.deep.equal([0, 3])
  })

  it('names the item whose header, timestamp or encoding is none, before anything of it is sent', async () => {
    const bad: readonly [Readonly<Record<string, unknown>>, string][] = [
      [{ headers: { source: undefined } }, 'the header source is undefined'],
      [{ headers: { source: 1 } }, 'the header source is a number'],
      [{ headers: [{ name: 'source' }] }, 'the header source is undefined'],
      [{ timestamp: new Date(Number.NaN) }, 'the timestamp NaN'],
      [{ value: 'text' }, 'the format of the value has answered a string'],
      [{ value: undefined }, 'the format of the value has answered undefined'],
    ]
    for (const [wrong, message] of bad) {
      const log = emptyLog()
      const asItIs = { write: (value: Buffer | null) => value }
      const record = (id: number) => ({ key: 'k', value: Buffer.from(`${id}`), ...(id === 1 && wrong) })
      const sink = await opened(kafkaWriter({ client: log, topic: TOPIC, value: asItIs, record }))
      const error = await rejected(sink.write([0, 1, 2], NO_TRANSACTION_RESOURCES))
      await sink.close()
      const failures = failedItems(error) ?? []
      expect(failures.map(({ index }) => index)).to.deep.equal([1])
      expect(String(failures[0]?.error)).to.contain(message)
      expect(written(log)).to.deep.equal([0, 2])
    }
  })

  it('refuses a topic that does not exist when it is opened, and options that are none at once', async () => {
    const log = emptyLog()
    const refused = await rejected(
      opened(kafkaWriter({ client: log, topic: 'totale', record: (value: number) => ({ value }) })),
    )
    expect(refused.code).to.equal('INVALID_WRITER_OPTIONS')
    expect(refused.message).to.contain('no topic totale')
    const progress = writerOf(log, { progressTopic: 'progres' })
    expect((await rejected(opened(progress))).message).to.contain('no topic progres')
    const record = (value: number) => ({ value })
    for (const [options, message] of [
      [{ topic: '' }, /a topic is empty/],
      [{ compression: 'zip' as 'gzip' }, /compression is zip; it can be none, gzip/],
      [{ deliveryTimeoutMilliseconds: 0 }, /deliveryTimeoutMilliseconds is 0/],
      [{ transactional: { timeoutMilliseconds: 1.5 } }, /timeoutMilliseconds is 1.5/],
    ] as const)
      expect(() => kafkaWriter({ client: log, topic: TOPIC, record, ...options })).to.throw(message)
  })

  it('skips an item that the log refuses, and writes its chunk without it, with and without transactions', async () => {
    for (const transactional of [false, true]) {
      const log = memoryKafka()
      log.createTopic(TOPIC, { maxRecordBytes: 200 })
      const job = defineJob({
        name: 'skips',
        parameters: z.object({}),
        steps: (step) => ({
          load: step.chunk(
            { size: 4, skip: { on: KafkaError, limit: 1 } },
            {
              reader: iterableReader(totals(8)),
              processor: (total) => (total.id === 5 ? { ...total, state: 'x'.repeat(300) } : total),
              writer: writerOf(log, transactional),
            },
          ),
        }),
      })
      const { step } = (await testBatch().runJob(job, {})).completed()
      expect(step('load')).to.include({ writeCount: 7, writeSkipCount: 1 })
      expect(written(log)).to.deep.equal(totals(8).filter(({ id }) => id !== 5))
    }
  })

  it('tries again what brokers refuse for the moment', async () => {
    for (const transactional of [false, true]) {
      const log = emptyLog()
      log.failSends({ times: 2, error: new KafkaError('not now', { code: 7 }) })
      const job = jobOver(iterableReader(totals(8)), writerOf(log, transactional))
      ;(await testBatch().runJob(job, {})).completed()
      const ids = new Set(written(log).map((one) => (one as Total).id))
      expect(ids.size).to.equal(8)
      if (transactional) expect(written(log)).to.have.lengthOf(8)
    }
  })

  describe('with transactions', () => {
    const source = (): MemoryKafka => {
      const log = memoryKafka({ recordsPerPoll: 4 })
      log.createTopic('source', { partitions: 3 })
      log.createTopic(TOPIC, { partitions: 2 })
      log.produce(
        'source',
        totals(25).map((total) => ({ partition: total.id % 3, value: JSON.stringify(total) })),
      )
      return log
    }
    const copyJob = (log: MemoryKafka, onItem: (id: number) => void = () => {}) =>
      defineJob({
        name: 'copy',
        parameters: z.object({}),
        steps: (step) => ({
          copy: step.chunk(
            { size: 4, skip: { on: RangeError, limit: 5 } },
            {
              reader: kafkaReader({
                client: log,
                topic: 'source',
                value: json(z.object({ id: z.number(), state: z.string() })),
              }),
              processor: ({ value }, { stepContext }) => {
                onItem(value.id)
                stepContext.set('last', value.id)
                if (value.id === 7) throw new RangeError('no 7')
                return value.id % 6 === 5 ? FILTERED : value
              },
              writer: writerOf(log, true),
            },
          ),
        }),
      })
    const renew = (log: MemoryKafka): void => {
      log.deleteTopic(TOPIC)
      log.createTopic(TOPIC, { partitions: 2 })
    }
    const byId = (log: MemoryKafka) =>
      written(log).toSorted((one, other) => (one as Total).id - (other as Total).id)

    it('has each record of a log in the other once, whatever it is killed at', async () => {
      const log = source()
      const { kills } = await everyKillPoint(copyJob(log), {
        parameters: {},
        output: () => byId(log),
        reset: () => renew(log),
      })
      expect(kills).to.be.greaterThan(50)
      expect(byId(log)).to.have.lengthOf(20)
    })

    it('has them once when the restart is killed as well', async () => {
      const log = source()
      await everyKillPoint(copyJob(log), {
        parameters: {},
        output: () => byId(log),
        reset: () => renew(log),
        kills: 2,
        sample: 40,
        seed: 5,
      })
    })

    it('has each item of any other reader in the log once, whatever it is killed at', async () => {
      const log = emptyLog()
      await everyKillPoint(jobOver(iterableReader(totals(15)), writerOf(log, true)), {
        parameters: {},
        output: () => written(log),
        reset: () => {
          log.deleteTopic(TOPIC)
          log.createTopic(TOPIC)
        },
      })
    })

    it('commits the offsets of the log that is read, with the number of the chunk and the counts beside them', async () => {
      const log = source()
      ;(await testBatch().runJob(copyJob(log), {})).completed()
      const [group = ''] = log.groups().filter((one) => one.startsWith('batchwright.copy.copy.'))
      const offsets = log.groupOffsets(group)
      expect(offsets.map(({ topic, partition, offset }) => [topic, partition, offset])).to.deep.equal([
        ['source', 0, 9n],
        ['source', 1, 8n],
        ['source', 2, 8n],
      ])
      const marks = offsets.map(({ metadata }) => JSON.parse(metadata) as { chunk: number; counts: object })
      const latest = marks.toSorted((one, other) => other.chunk - one.chunk)[0]
      expect(latest).to.deep.include({ chunk: 7 })
      expect(latest?.counts).to.include({
        readCount: 25,
        filterCount: 4,
        writeCount: 20,
        processSkipCount: 1,
      })
    })

    it('ends the step where a commit is not answered, and its restart finds out whether it was made', async () => {
      for (const truth of ['committed', 'aborted'] as const) {
        const log = source()
        const batch = testBatch()
        const losing = copyJob(log, (id) => {
          if (id === 10) log.loseCommitAnswer(truth)
        })
        const failed = await batch.runJob(losing, {})
        expect(failed.execution.status).to.equal('FAILED')
        expect((failed.error as Error).message).to.contain('may be committed or not')
        ;(await batch.runJob(copyJob(log), {})).completed()
        expect(byId(log)).to.have.lengthOf(20)
      }
    })

    it('begins a chunk again that brokers have aborted, and fails where its producer is fenced', async () => {
      const log = source()
      log.failNext('commitTransaction', new KafkaError('not now', { code: 7 }))
      ;(await testBatch().runJob(copyJob(log), {})).completed()
      expect(byId(log)).to.have.lengthOf(20)

      const sink = await opened(writerOf(log, true), 'shared')
      await sink.write(totals(2), NO_TRANSACTION_RESOURCES)
      const other = await opened(writerOf(log, true), 'shared')
      const counts = {
        readCount: 2,
        writeCount: 2,
        filterCount: 0,
        readSkipCount: 0,
        processSkipCount: 0,
        writeSkipCount: 0,
      }
      const fenced = await rejected(
        sink.ownTransaction?.commit({ chunk: 1, counts, reader: undefined }) ?? Promise.resolve(),
      )
      expect(fenced.code).to.equal('PRODUCER_FENCED')
      await Promise.all([sink.close(), other.close()])
    })

    it('needs a topic to keep its progress in where items name theirs and no log is read', async () => {
      const log = emptyLog()
      const record = (total: Total) => ({ topic: TOPIC, value: total })
      const without = jobOver(
        iterableReader(totals(3)),
        kafkaWriter({ client: log, transactional: true, record }),
      )
      const failed = await testBatch().runJob(without, {})
      expect((failed.error as Error).message).to.contain('transactional.progressTopic')
      expect(written(log)).to.deep.equal([])
      const transactional = { progressTopic: TOPIC }
      ;(
        await testBatch().runJob(
          jobOver(iterableReader(totals(3)), kafkaWriter({ client: log, transactional, record })),
          {},
        )
      ).completed()
      expect(written(log)).to.have.lengthOf(3)
    })
  })
})

function jobOver(reader: ReturnType<typeof iterableReader<Total>>, writer: ItemWriter<Total>) {
  return defineJob({
    name: 'to-log',
    parameters: z.object({}),
    steps: (step) => ({ load: step.chunk({ size: 4 }, { reader, writer }) }),
  })
}
