/** A topic, split by its partitions among worker processes, into another one in transactions; the module that they load is this one. */
import { existsSync, writeFileSync } from 'node:fs'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { json, kafka, kafkaPartitions } from '../../src/kafka/index.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { kafkaWriter } from '../../src/writers/kafka.ts'

export interface LogOrder {
  readonly connection: PoolConfig
  readonly schema: string
  readonly brokers: string
  readonly source: string
  readonly target: string
  /** Whoever comes to one of these records first dies there, and leaves this file. */
  readonly marker: string
  readonly deadly: number
}

const Entry = z.object({ id: z.int() })

export const copyLogJob = ({ brokers, source, target, marker, deadly }: LogOrder) => {
  const client = kafka({ brokers })
  return defineJob({
    name: 'copy-log',
    parameters: z.object({ run: z.string() }),
    steps: (step) => ({
      copy: step.partitioned(
        { size: 20, processes: 2, partitions: () => kafkaPartitions({ client, topic: source }) },
        {
          reader: ({ partition }) => kafkaReader({ client, partition: partition.value, value: json(Entry) }),
          processor: ({ value }) => {
            if (value.id >= deadly && !existsSync(marker)) {
              writeFileSync(marker, String(process.pid))
              process.kill(process.pid, 'SIGKILL')
            }
            return { id: value.id, pid: process.pid }
          },
          writer: kafkaWriter({
            client,
            topic: target,
            transactional: true,
            record: (entry: { readonly id: number; readonly pid: number }) => ({ value: entry }),
          }),
        },
      ),
    }),
  })
}

export default async function openBatch(order: LogOrder): Promise<Batch> {
  const { connection, schema } = order
  return createBatch({
    repository: await postgresRepository({ connection, schema }),
    jobs: [copyLogJob(order)],
    logger: pino({ level: 'silent' }),
    workers: { module: import.meta.url, argument: order },
  })
}
