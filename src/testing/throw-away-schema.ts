/** A Postgres schema for one test file, with the job repository's tables in it. */
import { randomUUID } from 'node:crypto'
import pg, { type Pool, type PoolConfig } from 'pg'
import type { JobRepository } from '../core/ports/job-repository.ts'
import { startEmbeddedPostgres } from '../repository/embedded/index.ts'
import { migrateRepository, postgresRepository } from '../repository/postgres/index.ts'
import { withSessionOptions } from '../repository/postgres/session-options.ts'

export interface ThrowAwaySchemaOptions {
  /** A Postgres of yours: its address, or `pg`'s options. @default the project's embedded one */
  readonly connection?: string | PoolConfig | undefined
  /** Where the embedded one lies. @default `.batchwright/postgres` in the working folder */
  readonly directory?: string
}

/** `await using` it, or dispose of it when the tests are done: the schema is dropped with all that is in it. */
export interface ThrowAwaySchema extends AsyncDisposable {
  /** Unlike that of any other test file; in lower case, needs no quotes. */
  readonly schema: string
  /** With the schema as its search path: a table without a schema's name is found, and made, in there. */
  readonly connection: PoolConfig
  /** For the test's own statements. */
  readonly pool: Pool
  /** On the schema; closed with it. */
  readonly repository: JobRepository
}

/**
 * Creates the schema and migrates it. Test files may do so at the same time.
 * @throws BatchError REPOSITORY_UNAVAILABLE, EMBEDDED_POSTGRES_UNAVAILABLE
 */
export async function throwAwaySchema(options: ThrowAwaySchemaOptions = {}): Promise<ThrowAwaySchema> {
  const opened: (() => Promise<unknown>)[] = []
  const dispose = async (): Promise<void> => {
    for (const close of opened.splice(0).toReversed()) await close()
  }
  try {
    const server = await serverOf(options, opened)
    const schema = `test_${randomUUID().replaceAll('-', '').slice(0, 20)}`
    const connection = { ...server, options: `${server.options} -c search_path=${schema}` }
    await migrateRepository({ connection, schema })
    const admin = poolOf(server, opened)
    opened.push(() => admin.query(`drop schema ${schema} cascade`))
    const pool = poolOf(connection, opened)
    const repository = await postgresRepository({ connection, schema })
    opened.push(() => repository.close())
    return { schema, connection, pool, repository, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** With the author's session options in one place, so that the search path comes behind them. */
async function serverOf(
  { connection, directory }: ThrowAwaySchemaOptions,
  opened: (() => Promise<unknown>)[],
): Promise<PoolConfig> {
  if (typeof connection === 'string') return withSessionOptions({ connectionString: connection }, LEASE)
  if (connection !== undefined) return withSessionOptions(connection, LEASE)
  const embedded = await startEmbeddedPostgres(directory === undefined ? {} : { directory })
  opened.push(() => embedded.close())
  return withSessionOptions({ ...embedded.connection }, LEASE)
}

const LEASE = 30_000

function poolOf(config: PoolConfig, opened: (() => Promise<unknown>)[]): Pool {
  const pool = new pg.Pool(config)
  pool.on('error', () => {}) // tests terminate connections, idle ones too
  opened.push(() => pool.end())
  return pool
}
