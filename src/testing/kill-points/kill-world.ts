/** Where a job is killed and restarted: a job repository that outlives the process. */
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
  /** What the system does when the process is gone: its transactions are rolled back, its connections closed. */
  readonly disconnect: (sessions: readonly Close[]) => Promise<void>
}

/** A process that is killed leaves nothing here: what it has not committed is in nobody's memory. */
export function memoryWorld(clock: Pick<Clock, 'now'>): KillWorld {
  let repository = memoryRepository({ clock })
  return {
    renew: async () => {
      repository = memoryRepository({ clock })
    },
    connect: async () => ({ repository, disconnect: closeAll }),
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
        disconnect: async (sessions) => {
          await pool.query(
            'select pg_terminate_backend(pid, 10000) from pg_stat_activity where application_name = $1',
            [name],
          )
          await closeAll([...sessions, () => repository.close()])
        },
      }
    },
  }
}

/** Whatever fails in it: the process is dead, and nobody is there to be told. */
export async function closeAll(left: readonly Close[]): Promise<void> {
  await Promise.allSettled(left.map(async (close) => close()))
}
