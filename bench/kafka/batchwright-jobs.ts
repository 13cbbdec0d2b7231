/** The transfers as Batchwright jobs: zod on every record, each chunk durable with its counts and its checkpoint. */
import { type AnyJob, createBatch, defineJob } from 'batchwright'
import { json, kafka, text } from 'batchwright/kafka'
import { kafkaReader } from 'batchwright/readers/kafka'
import { postgresReader } from 'batchwright/readers/postgres'
import { postgresRepository } from 'batchwright/repository/postgres'
import { kafkaWriter } from 'batchwright/writers/kafka'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'
import { COLUMNS, Trade, type Transfer } from './trade.ts'

const parameters = z.object({ run: z.string() })

export function kafkaToPostgres(transfer: Transfer): Promise<number> {
  const { brokers, chunkSize, source, target } = transfer
  const job = defineJob({
    name: 'bench-kafka-to-postgres',
    parameters,
    steps: (step) => ({
      load: step.chunk(
        { size: chunkSize },
        {
          reader: kafkaReader({ client: kafka({ brokers }), topic: source.topic, value: json(Trade) }),
          processor: ({ value }) => value,
          writer: postgresWriter({ table: target.table, columns: COLUMNS }),
        },
      ),
    }),
  })
  return run(job, transfer)
}

export function postgresToKafka(transfer: Transfer): Promise<number> {
  const { brokers, chunkSize, source, target } = transfer
  const job = defineJob({
    name: 'bench-postgres-to-kafka',
    parameters,
    steps: (step) => ({
      load: step.chunk(
        { size: chunkSize },
        {
          reader: postgresReader({ table: source.table, orderBy: 'id', schema: Trade }),
          writer: writerTo(brokers, target.topic, false),
        },
      ),
    }),
  })
  return run(job, transfer)
}

export function kafkaToKafka(transfer: Transfer): Promise<number> {
  const { brokers, chunkSize, source, target } = transfer
  const job = defineJob({
    name: 'bench-kafka-to-kafka',
    parameters,
    steps: (step) => ({
      copy: step.chunk(
        { size: chunkSize },
        {
          reader: kafkaReader({ client: kafka({ brokers }), topic: source.topic, value: json(Trade) }),
          processor: ({ value }) => value,
          writer: writerTo(brokers, target.topic, true),
        },
      ),
    }),
  })
  return run(job, transfer)
}

function writerTo(brokers: string, topic: string, transactional: boolean) {
  const client = kafka({ brokers })
  return kafkaWriter({
    client,
    topic,
    transactional,
    key: text,
    value: json(Trade),
    record: (trade: Trade) => ({ key: trade.isin, value: trade }),
  })
}

async function run(job: AnyJob, { connection }: Transfer): Promise<number> {
  await using batch = createBatch({ repository: await postgresRepository({ connection }), jobs: [job] })
  const started = await batch.operator.start(job, { run: new Date().toISOString() })
  const { execution, error } = await started.ended
  if (execution.status !== 'COMPLETED')
    throw new Error(`${job.name} ended as ${execution.status}`, { cause: error })
  return execution.stepExecutions[0]?.writeCount ?? 0
}
