import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { json, kafka } from '../../src/kafka/index.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { recordingWriter } from '../../src/testing/recording-writer.ts'
import { testBatch } from '../../src/testing/test-batch.ts'
import { kafkaWriter } from '../../src/writers/kafka.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { describeWithKafka } from '../servers/describe-with-servers.ts'
import openBatch, { type LogOrder } from './partitioned-log.ts'

const RECORDS = 1_200
const PARTITIONS = 6

describeWithKafka('A step that is split by the partitions of a topic', (brokers) => {
  const client = kafka({ brokers })
  const run = `split-${process.pid}-${Date.now().toString(36)}`
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-split-'))
    for (const topic of [`${run}-source`, `${run}-target`])
      await client.ensureTopic(topic, { partitions: PARTITIONS })
    const ids = Array.from({ length: RECORDS }, (_, id) => ({ id }))
    const writer = kafkaWriter({
      client,
      topic: `${run}-source`,
      record: (value: { readonly id: number }) => ({ key: `key ${value.id}`, value }),
    })
    const fill = defineJob({
      name: 'fill',
      parameters: z.object({}),
      steps: (step) => ({ fill: step.chunk({ size: 500 }, { reader: iterableReader(ids), writer }) }),
    })
    ;(await testBatch().runJob(fill, {})).completed()
  })

  after(async () => {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('is worked on by several processes, and each record is there once though one of them is killed', async () => {
    const order: LogOrder = {
      connection: database.connection,
      schema: database.schema,
      brokers,
      source: `${run}-source`,
      target: `${run}-target`,
      marker: join(folder, 'killed'),
      deadly: RECORDS / 2,
    }
    const batch = await openBatch(order)
    const started = await batch.operator.startByName('copy-log', { run })
    const { execution, error } = await started.ended
    await batch.close()
    expect(execution.status, String(error)).to.equal('COMPLETED')
    const copies = await read(order.target)
    expect(copies.map(({ id }) => id).toSorted((one, other) => one - other)).to.deep.equal(
      Array.from({ length: RECORDS }, (_, id) => id),
    )
    const killed = Number(await readFile(order.marker, 'utf8'))
    const pids = new Set(copies.map(({ pid }) => pid))
    expect(pids.size).to.be.greaterThan(1)
    expect(pids.has(process.pid)).to.equal(false)
    expect(killed).to.be.greaterThan(0)
    const [step] = execution.stepExecutions
    expect(step).to.include({ readCount: RECORDS, writeCount: RECORDS })
  })

  async function read(topic: string): Promise<readonly { readonly id: number; readonly pid: number }[]> {
    const entries = recordingWriter<{ id: number; pid: number }>()
    const reader = kafkaReader({ client, topic, value: json(z.object({ id: z.number(), pid: z.number() })) })
    const job = defineJob({
      name: 'read',
      parameters: z.object({}),
      steps: (step) => ({
        read: step.chunk({ size: 500 }, { reader, processor: ({ value }) => value, writer: entries }),
      }),
    })
    ;(await testBatch().runJob(job, {})).completed()
    return entries.items()
  }
})
