/** Where a job is killed and restarted: a job repository that outlives the process. */
import { setTimeout } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { Clock } from '../../core/ports/clock.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import { memoryRepository } from '../../repository/memory/memory-repository.ts'
import { postgresRepository } from '../../repository/postgres/index.ts'
import { DEFAULT_PREFIX, SIDE_TABLES, SPRING_TABLES } from '../../repository/postgres/table-names.ts'
import type { ThrowAwaySchema } from '../throw-away-schema.ts'

export type Close = () => Promise<void>

export interface KillWorld {
  /** As nothing had ever run. */
  readonly renew: () => Promise<void>
  /** A process begins. */
  readonly connect: () => Promise<Connected>
}

export interface Connected {
  readonly repository: JobRepository
  /** The process has come to its end. */
  readonly end: Close
  /** What the system does when the process was killed: its transactions are rolled back, its connections closed. */
  readonly cut: (sessions: readonly Close[]) => Promise<void>
}

/** A process that is killed leaves nothing here: what it has not committed is in nobody's memory. */
export function memoryWorld(clock: Pick<Clock, 'now'>): KillWorld {
  let repository = memoryRepository({ clock })
  return {
    renew: async () => {
      repository = memoryRepository({ clock })
    },
    connect: async () => ({ repository, end: async () => {}, cut: closeAll }),
  }
}

/**
 * Each process has connections of its own, which are cut when it dies: the server then ends its transactions. What it has opened
 * elsewhere is not known here.
 */
export function postgresWorld({ schema, connection, pool }: ThrowAwaySchema): KillWorld {
  let processes = 0
  return {
    renew: async () => {
      const tables = [...SPRING_TABLES, ...SIDE_TABLES].map((name) => `${schema}.${DEFAULT_PREFIX}${name}`)
      await pool.query(`truncate ${tables.join(', ')}`)
    },
    connect: async () => {
      processes += 1
      const name = `${schema} ${processes}`
      const repository = await postgresRepository({
        connection: { ...connection, application_name: name },
        schema,
      })
      return {
        repository,
        end: async () => repository.close(),
        cut: async (sessions) => {
          await pool.query(`select pg_terminate_backend(pid) ${BACKENDS}`, [name])
          await untilGone(pool, name)
          await closeAll([...sessions, () => repository.close()])
        },
      }
    },
  }
}

const BACKENDS = 'from pg_stat_activity where application_name = $1'

/** A backend that was told to end rolls back first. With a timeout pg_terminate_backend waits too, but looks only ten times a second. */
async function untilGone(pool: Pool, name: string): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(`select 1 ${BACKENDS}`, [name])
    if (rows.length === 0) return
    await setTimeout(2)
  }
}

/** Whatever fails in it: the process is dead, and nobody is there to be told. */
export async function closeAll(left: readonly Close[]): Promise<void> {
  await Promise.allSettled(left.map(async (close) => close()))
}
