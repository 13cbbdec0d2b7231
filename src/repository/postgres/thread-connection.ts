/** The connection of the thread that beats: the author's, where it can be handed to a thread. */
import type { PoolConfig } from 'pg'
import { poolConfig } from './connect.ts'
import { isGiven, type PostgresRepositoryOptions } from './repository-options.ts'

/**
 * Undefined where the configuration holds functions, such as a password that is asked for, or a data source spreads its
 * connections over several servers: neither can be done again in a thread.
 */
export function threadConnection(options: PostgresRepositoryOptions): PoolConfig | undefined {
  const given = isGiven(options.connection) ? givenConfig(options.connection.dataSource.options) : {}
  if (given === undefined) return undefined
  const config = { ...given, ...poolConfig(options) }
  const name = config.application_name === 'batchwright' ? 'batchwright heartbeat' : config.application_name
  try {
    return structuredClone({ ...config, application_name: name })
  } catch {
    return undefined
  }
}

/** As TypeORM's driver hands them to `pg`. */
interface DataSourceConnection {
  readonly replication?: unknown
  readonly host?: string
  readonly port?: number
  readonly username?: string
  readonly password?: PoolConfig['password']
  readonly database?: string
  readonly ssl?: PoolConfig['ssl']
}

function givenConfig(options: object): PoolConfig | undefined {
  const { replication, host, port, username, password, database, ssl } = options as DataSourceConnection
  if (replication !== undefined) return undefined
  const config = { host, port, user: username, password, database, ssl }
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined))
}
