/** Which Postgres a reader or writer talks to: one given by its author, or the job repository's. */
import { Pool, type PoolConfig } from 'pg'
import { BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'
import type { Resources } from '../core/ports/resource.ts'
import { PG_POOL, PG_SESSIONS } from './resources.ts'

/**
 * A pool is used and left open; from a connection string or a configuration a pool is made at `open`, and closed with
 * the step.
 */
export type PostgresConnection = Pool | PoolConfig | string

interface Wanted {
  readonly by: string
  readonly code: BatchErrorCode
  readonly held?: boolean
}

export interface HeldPool {
  readonly pool: Pool
  /** Closes it if we opened it. */
  readonly close: () => Promise<void>
}

/**
 * `held` asks for a pool whose connections may be kept as long as the step is at work.
 * @throws BatchError with `code` when neither the author nor the repository has a connection.
 */
export function holdPool(
  connection: PostgresConnection | undefined,
  resources: Resources,
  wanted: Wanted,
): HeldPool {
  if (connection === undefined) return { pool: repositoryPool(resources, wanted), close: nothingToClose }
  if (isPool(connection)) return { pool: connection, close: nothingToClose }
  const pool = new Pool(typeof connection === 'string' ? { connectionString: connection } : connection)
  // A connection that dies while idle is replaced at the next use; without a listener it would end the process.
  pool.on('error', () => {})
  // One that dies while it is handed over is heard by nobody else.
  pool.on('connect', (client) => client.on('error', () => {}))
  return { pool, close: () => pool.end() }
}

function repositoryPool(resources: Resources, wanted: Wanted): Pool {
  const pool = (wanted.held === true ? resources.find(PG_SESSIONS) : undefined) ?? resources.find(PG_POOL)
  if (pool !== undefined) return pool
  throw new BatchError(
    wanted.code,
    `${wanted.by} needs a Postgres connection, and this job repository has none to lend: set option 'connection' to a pg Pool or a connection string, or use the Postgres job repository`,
  )
}

/** By shape, so that a pool of another copy of pg is taken too. */
function isPool(connection: PostgresConnection): connection is Pool {
  return typeof connection === 'object' && 'connect' in connection && typeof connection.connect === 'function'
}

async function nothingToClose(): Promise<void> {}
