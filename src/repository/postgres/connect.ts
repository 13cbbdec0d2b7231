/** The connections of a repository: a few of its own for metadata, those of the steps, and those that are lent to readers and writers. */
import pg, { type ClientConfig, type CustomTypesConfig, type PoolConfig } from 'pg'
import { DataSource, type DataSourceOptions } from 'typeorm'
import { DEFAULT_LEASE_MILLISECONDS } from '../../core/ports/lease.ts'
import { ENTITIES } from './entities.ts'
import { unavailable } from './postgres-errors.ts'
import {
  DEFAULT_POOL_SIZE,
  isGiven,
  type PostgresRepositoryOptions,
  type RepositoryAddress,
} from './repository-options.ts'
import { placesOfShared, type SessionSource, sessionSource } from './session-source.ts'
import { withSessionOptions } from './session-options.ts'
import { MIGRATION_TABLE } from './table-names.ts'

export interface Connections {
  /**
   * Never lent: were heartbeats to wait for a connection behind steps and readers that hold all of them, a busy owner
   * would lose its lease.
   */
  readonly metadata: DataSource
  /**
   * Held by the steps at work and by their readers for as long as they run. They are opened as they are needed: were they taken from
   * a pool of a given size, steps side by side would hold all of it, each waiting for one more.
   */
  readonly sessions: SessionSource
  /** Lent to writers and authors, for a short time each. */
  readonly work: DataSource
  /** Closes what was opened here. */
  readonly close: () => Promise<void>
}

const METADATA_CONNECTIONS = 4
/** More than any server allows by default: how many steps run side by side is the jobs' to say. */
const MOST_SESSIONS = 1_000
const TIMESTAMP = 1114

type OwnOptions = Pick<DataSourceOptions, 'entities' | 'migrations' | 'logging'>

/** @throws BatchError REPOSITORY_UNAVAILABLE naming the server, never the password. */
export async function connect(
  options: PostgresRepositoryOptions,
  address: RepositoryAddress,
): Promise<Connections> {
  // A statement that is never answered must not look like one under way: who waits for it would miss his lease.
  const pool = { query_timeout: options.leaseMilliseconds ?? DEFAULT_LEASE_MILLISECONDS }
  const metadata = metadataSource(options, address, { entities: [...ENTITIES] }, pool)
  if (isGiven(options.connection)) {
    await initialize([metadata], address)
    const { dataSource } = options.connection
    const shared = sessionSource(dataSource, placesOfShared(dataSource))
    return { metadata, sessions: shared, work: dataSource, close: () => metadata.destroy() }
  }
  const sessions = workSource(options, MOST_SESSIONS)
  const work = workSource(options, options.poolSize ?? DEFAULT_POOL_SIZE)
  await initialize([metadata, sessions, work], address)
  return {
    metadata,
    sessions: sessionSource(sessions, Infinity),
    work,
    close: async () => {
      await Promise.all([metadata.destroy(), sessions.destroy(), work.destroy()])
    },
  }
}

function workSource(options: PostgresRepositoryOptions, max: number): DataSource {
  return new DataSource({
    type: 'postgres',
    driver: pg,
    installExtensions: false,
    poolErrorHandler: ignoreIdleLoss,
    extra: { ...poolConfig(options), max, Client: HeardClient },
  })
}

/** A data source of ours alone, not yet connected. Its schema and prefix are where migrations read them. */
export function metadataSource(
  options: PostgresRepositoryOptions,
  { tables }: RepositoryAddress,
  own: OwnOptions,
  pool: PoolConfig = {},
): DataSource {
  const given = isGiven(options.connection) ? options.connection.dataSource.options : {}
  return new DataSource({
    ...(given as object),
    type: 'postgres',
    driver: pg,
    ...own,
    schema: tables.schema,
    entityPrefix: tables.prefix,
    migrationsTableName: tables.prefix + MIGRATION_TABLE,
    migrationsRun: false,
    synchronize: false,
    dropSchema: false,
    subscribers: [],
    installExtensions: false,
    poolErrorHandler: ignoreIdleLoss,
    extra: {
      ...poolConfig(options),
      ...pool,
      max: METADATA_CONNECTIONS,
      types: UTC_TIMESTAMPS,
      Client: HeardClient,
    },
  } as DataSourceOptions)
}

export async function initialize(sources: readonly DataSource[], address: RepositoryAddress): Promise<void> {
  const outcomes = await Promise.allSettled(sources.map((source) => source.initialize()))
  const failed = outcomes.find((one) => one.status === 'rejected')
  if (failed === undefined) return
  await Promise.allSettled(sources.filter((one) => one.isInitialized).map((one) => one.destroy()))
  throw unavailable(address, failed.reason)
}

/** Of every connection that we open ourselves, as the author has configured it and with what we need. */
export function poolConfig({
  connection,
  leaseMilliseconds = DEFAULT_LEASE_MILLISECONDS,
}: PostgresRepositoryOptions): PoolConfig {
  return {
    application_name: 'batchwright',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: leaseMilliseconds / 3,
    idle_in_transaction_session_timeout: Math.ceil(leaseMilliseconds * 0.8),
    ...withSessionOptions(givenConfig(connection), leaseMilliseconds),
  }
}

function givenConfig(connection: PostgresRepositoryOptions['connection']): PoolConfig {
  if (typeof connection === 'string') return { connectionString: connection }
  if (!isGiven(connection)) return connection
  const { url, extra } = connection.dataSource.options as { url?: string; extra?: PoolConfig }
  return { ...(url === undefined ? {} : { connectionString: url }), ...extra }
}

/** TIMESTAMP columns hold the wall clock of UTC; `pg` would read them in the zone of this process. */
const UTC_TIMESTAMPS: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === TIMESTAMP
      ? (text: string) => new Date(`${text.replace(' ', 'T')}Z`)
      : pg.types.getTypeParser(oid, format)) as CustomTypesConfig['getTypeParser'],
}

/**
 * Between the pool that hands a connection over and whoever has asked for it, nobody listens. Were its server to die in that
 * moment, the loss would end the process; so it is heard, and comes to light with the first statement.
 */
class HeardClient extends pg.Client {
  constructor(config?: string | ClientConfig) {
    super(config)
    this.on('error', ignoreIdleLoss)
  }
}

/** The pool has already thrown the dead connection away; the next use opens another. */
function ignoreIdleLoss(): void {}
