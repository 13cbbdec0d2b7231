/** The paths that are killed: from where to where, who may die on the way, and what holds for a trade in the end. */
import { createBatch, defineJob } from 'batchwright'
import { postgresRepository } from 'batchwright/repository/postgres'
import { pino } from 'pino'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Batch } from '../../../src/create-batch.ts'
import {
  cassandraEnd,
  fileEnd,
  kafkaEnd,
  type PathSource,
  type PathTarget,
  postgresEnd,
  tradeIn,
} from './ends.ts'
import type { PathWorld } from './world.ts'

export type Victim = 'job' | 'kafka' | 'cassandra'

export interface Path {
  readonly from: PathSource
  readonly to: PathTarget
  readonly victims: readonly Victim[]
  /** Or at least once: the result may have some of them twice. */
  readonly exactlyOnce: boolean
}

export const PATHS = {
  'Kafka → Postgres': {
    from: kafkaEnd(true),
    to: postgresEnd,
    victims: ['job', 'kafka'],
    exactlyOnce: true,
  },
  'Postgres → Kafka': {
    from: postgresEnd,
    to: kafkaEnd(false),
    victims: ['job', 'kafka'],
    exactlyOnce: false,
  },
  'Postgres → Kafka, with transactions': {
    from: postgresEnd,
    to: kafkaEnd(true),
    victims: ['job', 'kafka'],
    exactlyOnce: true,
  },
  'Kafka → Kafka, with transactions': {
    from: kafkaEnd(true),
    to: kafkaEnd(true),
    victims: ['job', 'kafka'],
    exactlyOnce: true,
  },
  'Kafka → Cassandra': {
    from: kafkaEnd(true),
    to: cassandraEnd,
    victims: ['job', 'kafka', 'cassandra'],
    exactlyOnce: true, // in the result: the same row is the same row
  },
  'Postgres → Cassandra': {
    from: postgresEnd,
    to: cassandraEnd,
    victims: ['job', 'cassandra'],
    exactlyOnce: true, // in the result
  },
  'Cassandra → Postgres': {
    from: cassandraEnd,
    to: postgresEnd,
    victims: ['job', 'cassandra'],
    exactlyOnce: true,
  },
  'Cassandra → file': {
    from: cassandraEnd,
    to: fileEnd,
    victims: ['job', 'cassandra'],
    exactlyOnce: true,
  },
  'Cassandra → Kafka, with transactions': {
    from: cassandraEnd,
    to: kafkaEnd(true),
    victims: ['job', 'kafka', 'cassandra'],
    exactlyOnce: true,
  },
} as const satisfies Readonly<Record<string, Path>>

export type PathName = keyof typeof PATHS

export const CHUNK_SIZE = 50
/** A chunk takes at least so long, so that a kill finds the step at work. */
const PACE_MILLISECONDS = 15

/** All of them end within it, so that a killed execution is recovered as soon as its process is found dead. */
const LEASE_MILLISECONDS = 15_000

export function pathJob(name: PathName, world: PathWorld) {
  const { from, to } = PATHS[name]
  return defineJob({
    name: 'move-trades',
    parameters: z.object({ run: z.string() }),
    steps: (step) => ({
      move: step.chunk(
        { size: CHUNK_SIZE },
        {
          reader: from.reader(world),
          processor: async (item) => {
            const trade = tradeIn(item)
            if (trade.id % CHUNK_SIZE === 0) await sleep(PACE_MILLISECONDS)
            return trade
          },
          writer: to.writer(world),
        },
      ),
    }),
  })
}

export async function pathBatch(job: ReturnType<typeof pathJob>, { repository }: PathWorld): Promise<Batch> {
  return createBatch({
    repository: await postgresRepository({ ...repository, leaseMilliseconds: LEASE_MILLISECONDS }),
    jobs: [job],
    leaseMilliseconds: LEASE_MILLISECONDS,
    logger: pino({ level: 'silent' }),
  })
}
