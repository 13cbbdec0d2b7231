/** How the Postgres job repository is reached, and what is said about it in messages. */
import pg, { type PoolConfig } from 'pg'
import type { DataSource } from 'typeorm'
import { BatchError } from '../../core/model/batch-error.ts'
import { tableNames, type TableNames } from './table-names.ts'

export interface PostgresRepositoryOptions {
  /**
   * A connection string, `pg`'s options, or an initialized TypeORM DataSource of your own. Chunk and tasklet
   * transactions of a given DataSource run on its pool, with its settings, and know its entities; it is never closed.
   */
  readonly connection: string | PoolConfig | { readonly dataSource: DataSource }
  /** @default 'public' */
  readonly schema?: string
  /** In lower case, as Postgres folds Spring's. @default 'batch_' */
  readonly tablePrefix?: string
  /**
   * Connections for writers and callbacks. Each step and partition at work has one besides, and a Postgres reader another. Of the pool of
   * a given DataSource steps take less than half, and further ones wait for their turn.
   * @default 10
   */
  readonly poolSize?: number
  /**
   * The lease of the executions. Idle transactions are ended by the server, and dead peers noticed, before it runs out,
   * so that a frozen owner blocks nobody. @default 30_000
   */
  readonly leaseMilliseconds?: number
}

export const DEFAULT_POOL_SIZE = 10

/** Where the repository is, without secrets. */
export interface RepositoryAddress {
  /** `localhost:5432/app` */
  readonly server: string
  readonly tables: TableNames
}

/** @throws BatchError INVALID_CONFIGURATION when an option, a name or the given data source cannot be used. */
export function repositoryAddress(options: PostgresRepositoryOptions): RepositoryAddress {
  const { connection, poolSize, leaseMilliseconds } = options
  for (const [name, value] of Object.entries({ poolSize, leaseMilliseconds })) checkCount(name, value)
  if (isGiven(connection)) checkGiven(connection.dataSource)
  return { server: serverText(connection), tables: tableNames(options.schema, options.tablePrefix) }
}

/** `pg` takes a 0 for its default, and waits for ever for a connection of fewer. */
function checkCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `the job repository's ${name} is ${value}; it must be a whole number from 1 on`,
    { details: { [name]: value } },
  )
}

export function isGiven(
  connection: PostgresRepositoryOptions['connection'],
): connection is { readonly dataSource: DataSource } {
  return typeof connection === 'object' && 'dataSource' in connection
}

function checkGiven(dataSource: DataSource): void {
  if (dataSource.options.type !== 'postgres') {
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `the job repository needs a data source of type 'postgres', not '${dataSource.options.type}'`,
    )
  }
  if (!dataSource.isInitialized) {
    throw new BatchError(
      'INVALID_CONFIGURATION',
      "the job repository's data source is not initialized: await dataSource.initialize() first",
    )
  }
}

/** `pg` resolves strings, options and the PG… environment; a client that is never connected tells the outcome. */
function serverText(connection: PostgresRepositoryOptions['connection']): string {
  const { host, port, database } = new pg.Client(clientConfig(connection))
  return `${host}:${port}/${database ?? ''}`
}

function clientConfig(connection: PostgresRepositoryOptions['connection']): PoolConfig {
  if (typeof connection === 'string') return { connectionString: connection }
  if (!isGiven(connection)) return connection
  const options = connection.dataSource.options as {
    url?: string
    host?: string
    port?: number
    extra?: PoolConfig
  }
  return {
    ...(options.url === undefined ? {} : { connectionString: options.url }),
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(connection.dataSource.driver.database === undefined
      ? {}
      : { database: connection.dataSource.driver.database }),
    ...options.extra,
  }
}
