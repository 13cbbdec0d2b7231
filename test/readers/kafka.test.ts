import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { json, text } from '../../src/kafka/formats.ts'
import { kafkaPartitions } from '../../src/kafka/kafka-partitions.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { itemReaderContract } from '../../src/testing/contracts/item-reader.ts'
import { NO_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { everyKillPoint } from '../../src/testing/kill-points/every-kill-point.ts'
import { memoryKafka } from '../../src/testing/memory-kafka.ts'
import { memoryTable } from '../../src/testing/memory-table.ts'
import { TOPIC, logOf, readerOf, opened, readFrom, readAll, values } from './kafka-reading.ts'

describe('kafkaReader', () => {
  describe('as a reader', () => {
    for (const { promise, check } of itemReaderContract({ reader: () => readerOf(logOf(20, 1, 4)) }))
      it(promise, check)
  })

  describe('as a reader of several partitions behind a transaction', () => {
    const partOf = ({ partition }: { readonly partition: number }) => partition
    const reader = () => {
      const log = logOf(21, 3, 4)
      const transaction = log.beginTransaction()
      transaction.produce(TOPIC, [
        { partition: 0, value: '100', timestamp: 1 },
        { partition: 1, value: '101', timestamp: 1 },
      ])
      transaction.commit()
      return readerOf(log)
    }
    for (const { promise, check } of itemReaderContract({ reader, partOf })) it(promise, check)
  })

  it('hands over keys, values, headers, timestamps and offsets, typed', async () => {
    const log = memoryKafka()
    log.createTopic(TOPIC)
    const headers = [
      { name: 'trace', value: Buffer.from('a') },
      { name: 'trace', value: Buffer.from('b') },
    ]
    log.produce(TOPIC, [{ key: 'IE', value: '{"price":12}', headers, timestamp: 1_700_000_000_123 }])
    const reader = kafkaReader({
      client: log,
      topic: TOPIC,
      key: text,
      value: json(z.object({ price: z.number() })),
    })
    expect(await readAll(reader)).to.deep.equal([
      {
        topic: TOPIC,
        partition: 0,
        offset: 0n,
        timestamp: new Date(1_700_000_000_123),
        key: 'IE',
        value: { price: 12 },
        headers,
      },
    ])
  })

  it('reads to where the log ended when it was opened, and no further', async () => {
    const log = logOf(10)
    const live = await opened(readerOf(log))
    log.produce(TOPIC, [{ value: '10' }])
    expect(values((await readFrom(live)).items)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(live.progress?.()).to.deep.equal({ done: 10, total: 10, unit: 'offsets' })
    await live.close()
  })

  it('keeps that end over restarts, also of a process that died before its first chunk', async () => {
    const log = logOf(10)
    const first = await opened(readerOf(log))
    const { last } = await readFrom(first, 4)
    await first.close()
    log.produce(TOPIC, [{ value: '10' }])
    expect(values(await readAll(readerOf(log), last))).to.deep.equal([4, 5, 6, 7, 8, 9])
    expect(values(await readAll(readerOf(log), first.startsAt))).to.have.lengthOf(10)
  })

  it('never sees aborted records, nor those of open transactions, and ends behind markers and aborted tails', async () => {
    const log = logOf(3)
    const aborted = log.beginTransaction()
    aborted.produce(TOPIC, [{ value: '90' }, { value: '91' }])
    aborted.abort()
    log.produce(TOPIC, [{ value: '3' }])
    const committed = log.beginTransaction()
    committed.produce(TOPIC, [{ value: '4' }])
    committed.commit()
    const tail = log.beginTransaction()
    tail.produce(TOPIC, [{ value: '92' }])
    tail.abort()
    const open = log.beginTransaction()
    open.produce(TOPIC, [{ value: '93' }])
    expect(values(await readAll(readerOf(log)))).to.deep.equal([0, 1, 2, 3, 4])
    open.commit()
    expect(values(await readAll(readerOf(log)))).to.deep.equal([0, 1, 2, 3, 4, 93])
    expect(values(await readAll(readerOf(log, { isolation: 'read_uncommitted' })))).to.deep.equal([
      0, 1, 2, 90, 91, 3, 4, 92, 93,
    ])
  })

  it('ends in a gap that compaction has left, also where its last records are the gap', async () => {
    const log = memoryKafka()
    log.createTopic(TOPIC)
    log.produce(
      TOPIC,
      ['a', 'b', 'a', 'b'].map((key, index) => ({ key, value: String(index) })),
    )
    const live = await opened(readerOf(log))
    log.produce(
      TOPIC,
      ['a', 'b'].map((key, index) => ({ key, value: String(index + 4) })),
    )
    log.compact(TOPIC)
    expect((await readFrom(live)).items).to.deep.equal([])
    await live.close()
  })

  it('starts and ends at a timestamp, at given offsets, or at the latest', async () => {
    const log = logOf(10)
    const window = { startAt: { timestamp: new Date(3000) }, endAt: { timestamp: new Date(6000) } }
    expect(values(await readAll(readerOf(log, window)))).to.deep.equal([3, 4, 5])
    const offsets = {
      startAt: { offsets: { [TOPIC]: { 0: 8n } } },
      endAt: { offsets: { [TOPIC]: { 0: 9n } } },
    }
    expect(values(await readAll(readerOf(log, offsets)))).to.deep.equal([8])
    expect(await readAll(readerOf(log, { startAt: 'latest' }))).to.deep.equal([])
    expect(await readAll(readerOf(log, { startAt: { timestamp: new Date(99_000) } }))).to.deep.equal([])
  })

  it('reads several topics, or some partitions of one', async () => {
    const log = logOf(9, 3)
    log.createTopic('other')
    log.produce('other', [{ value: '77' }])
    expect(values(await readAll(readerOf(log, { partitions: [2] })))).to.deep.equal([2, 5, 8])
    expect(values(await readAll(readerOf(log, { topic: [TOPIC, 'other'] })))).to.have.members([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 77,
    ])
  })

  it('names the record that cannot be read, goes on behind it, and parses it again for a redrive', async () => {
    const log = memoryKafka()
    log.createTopic(TOPIC)
    const binary = Buffer.from([0xff, 0xfe])
    log.produce(TOPIC, [
      { value: '1' },
      { key: 'k', value: '"two"' },
      { value: binary },
      { value: null },
      { value: '5' },
    ])
    const reader = readerOf(log)
    const live = await opened(reader)
    const faults: string[] = []
    const raws: string[] = []
    const items: unknown[] = []
    for (;;) {
      const page = await live.read(100)
      if (page === undefined) break
      items.push(...values(page.items))
      if (page.fault === undefined) continue
      faults.push(page.fault.error.message)
      raws.push(page.fault.raw)
      expect(values(await readAll(reader, page.fault.checkpointAfter, false).catch(() => []))).to.not.include(
        1,
      )
    }
    await live.close()
    expect(items).to.deep.equal([1, 5])
    expect(faults[0]).to.equal(
      'topic trades, partition 0, offset 1: the value cannot be read: Invalid input: expected number, received string',
    )
    expect(faults[1]).to.contain('offset 2: the value cannot be read')
    expect(faults[2]).to.contain(
      'offset 3: the value cannot be read: Invalid input: expected number, received null',
    )
    const mended = kafkaReader({ client: log, topic: TOPIC, key: text })
    const parser = await mended.openParser?.({
      signal: new AbortController().signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })
    const position = { topic: TOPIC, partition: 0, offset: 2n }
    const parsed = await parser?.parse(raws[1] ?? '', position)
    expect(parsed).to.deep.nested.include({ 'item.value': binary, 'item.offset': 2n })
    expect(await parser?.parse(raws[0] ?? '', position)).to.deep.nested.include({ 'item.key': 'k' })
  })

  it('takes a tombstone where the schema takes null', async () => {
    const log = memoryKafka()
    log.createTopic(TOPIC)
    log.produce(TOPIC, [{ key: 'gone', value: null }])
    const reader = kafkaReader({ client: log, topic: TOPIC, value: json(z.number().nullable()) })
    expect(values(await readAll(reader))).to.deep.equal([null])
  })

  it('waits for formats that answer promises, as those of a schema registry do', async () => {
    const registry = {
      read: async (value: Buffer | null, { topic }: { topic: string }) => `${topic}:${value?.toString()}`,
      write: () => null,
    }
    expect(
      values(await readAll(kafkaReader({ client: logOf(2), topic: TOPIC, value: registry }))),
    ).to.deep.equal(['trades:0', 'trades:1'])
    const asynchronous = json(z.number().refine(async (one) => one < 5))
    expect(values(await readAll(readerOf(logOf(2), { value: asynchronous })))).to.deep.equal([0, 1])
  })

  it('reads topics whose names mean something to JavaScript', async () => {
    for (const topic of ['constructor', '__proto__', '123']) {
      const log = memoryKafka()
      log.createTopic(topic)
      log.produce(topic, [{ value: '1' }, { value: '2' }])
      const live = await opened(readerOf(log, { topic }))
      const { items, last } = await readFrom(live, 1, 1)
      await live.close()
      expect(values(items)).to.deep.equal([1])
      expect(values(await readAll(readerOf(log, { topic }), last))).to.deep.equal([2])
    }
  })

  it('with a table in the chunk’s transaction has each record there once, whatever it is killed at', async () => {
    const log = logOf(25, 2, 4)
    const table = memoryTable<number>()
    const job = defineJob({
      name: 'log-to-table',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 4 },
          { reader: readerOf(log), processor: ({ value }) => value, writer: table.writer },
        ),
      }),
    })
    await everyKillPoint(job, {
      parameters: {},
      output: () => table.rows().toSorted((one, other) => one - other),
      reset: () => {
        table.clear()
        log.produce(TOPIC, []) // the log stays as it is
      },
    })
  })

  it('is split by the topic’s partitions, each with the ends of the plan', async () => {
    const log = logOf(20, 3)
    const plan = await kafkaPartitions({ client: log, topic: TOPIC })
    log.produce(TOPIC, [{ partition: 1, value: '99' }])
    expect(plan.map(({ name }) => name)).to.deep.equal(['trades-0', 'trades-1', 'trades-2'])
    const read = await Promise.all(
      plan.map(({ value }) =>
        readAll(kafkaReader({ client: log, partition: value, value: json(z.number()) })),
      ),
    )
    expect(read.map(values)).to.deep.equal([
      [0, 3, 6, 9, 12, 15, 18],
      [1, 4, 7, 10, 13, 16, 19],
      [2, 5, 8, 11, 14, 17],
    ])
  })
})
