/** Opens the job repository that a command works with. Drivers are imported only here, when they are needed. */
import { BatchError, isBatchError } from '../core/model/batch-error.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { RepositoryPlace, TableOptions } from './repository-place.ts'

export interface OpenRepository extends AsyncDisposable {
  readonly repository: JobRepository
}

/** The Postgres that holds, or will hold, the repository's tables. */
export interface OpenDatabase extends AsyncDisposable {
  readonly options: TableOptions & { readonly connection: string | Readonly<Record<string, unknown>> }
}

/**
 * The embedded Postgres is started and migrated when needed; any other database is only used.
 * @throws BatchError SCHEMA_OUTDATED, REPOSITORY_UNAVAILABLE, EMBEDDED_POSTGRES_UNAVAILABLE, INVALID_CONFIGURATION
 */
export async function openRepository(place: RepositoryPlace, signal?: AbortSignal): Promise<OpenRepository> {
  switch (place.kind) {
    case 'memory': {
      const { memoryRepository } = await import('../repository/memory/memory-repository.ts')
      return disposable(memoryRepository())
    }
    case 'given':
      return disposable(await place.open())
    case 'postgres':
    case 'embedded':
      return openPostgres(place, signal)
    default:
      return place satisfies never
  }
}

type PostgresPlace = Extract<RepositoryPlace, { kind: 'postgres' | 'embedded' }>

/** @throws BatchError INVALID_CONFIGURATION where the repository has no database that we could know. */
export async function openDatabase(place: RepositoryPlace, signal?: AbortSignal): Promise<OpenDatabase> {
  switch (place.kind) {
    case 'postgres':
      return {
        options: { ...place.tables, connection: await checkedUrl(place) },
        [Symbol.asyncDispose]: nothingToClose,
      }
    case 'embedded': {
      const { startEmbeddedPostgres } = await import('../repository/embedded/index.ts')
      const { directory } = place
      const server = await startEmbeddedPostgres({ directory, ...(signal === undefined ? {} : { signal }) })
      const options = { ...place.tables, connection: { ...server.connection } }
      return { options, [Symbol.asyncDispose]: server.close }
    }
    case 'memory':
    case 'given':
      throw new BatchError(
        'INVALID_CONFIGURATION',
        place.kind === 'memory'
          ? 'The config says repository: memory, which has no schema to look after.'
          : "The config's repository is a function; migrate its database with migrateRepository of batchwright/repository/postgres.",
      )
    default:
      return place satisfies never
  }
}

async function openPostgres(place: PostgresPlace, signal?: AbortSignal): Promise<OpenRepository> {
  const opening = import('../repository/postgres/index.ts')
  const database = await openDatabase(place, signal)
  try {
    const postgres = await opening
    const open = () => postgres.postgresRepository(database.options)
    const repository = await open().catch(async (error: unknown) => {
      if (place.kind !== 'embedded' || !isBatchError(error, 'SCHEMA_OUTDATED')) throw error
      await postgres.migrateRepository(database.options)
      return open()
    })
    return disposable(repository, database)
  } catch (error) {
    await database[Symbol.asyncDispose]()
    throw error
  }
}

function disposable(repository: JobRepository, database?: AsyncDisposable): OpenRepository {
  const close = async () => {
    try {
      await repository.close()
    } finally {
      await database?.[Symbol.asyncDispose]()
    }
  }
  return { repository, [Symbol.asyncDispose]: close }
}

/** Asked of `pg` here, because what it says of a wrong address later does not tell where that came from. */
async function checkedUrl({
  connection,
  source,
}: Extract<RepositoryPlace, { kind: 'postgres' }>): Promise<string> {
  const { Client } = await import('pg')
  try {
    if (!/^(postgres(ql)?|socket):/.test(connection)) throw new Error('it does not begin with postgres://')
    new Client(connection)
    return connection
  } catch (error) {
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `${source} is not the address of a Postgres: ${(error as Error).message}. It should look like ` +
        'postgres://user:password@host:5432/database (what it is now is not shown, for it may hold a password).',
      { details: { source } },
    )
  }
}

async function nothingToClose(): Promise<void> {}
