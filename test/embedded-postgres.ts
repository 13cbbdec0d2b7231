/** One embedded Postgres for the whole mocha run; a schema of its own for each suite that asks. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/repository/embedded/index.ts'
import { migrateRepository } from '../src/repository/postgres/index.ts'

export interface TestDatabase {
  readonly connection: pg.PoolConfig
  /** Fresh, lower case, needs no quotes; dropped by `close`. */
  readonly schema: string
  readonly pool: pg.Pool
  readonly close: () => Promise<void>
}

interface Server {
  readonly postgres: EmbeddedPostgres
  readonly folder: string
}

let server: Promise<Server> | undefined
let schemas = 0

// Mocha has no globals in processes that a test starts.
if (typeof after === 'function') {
  after('stop the embedded Postgres', async () => {
    if (server === undefined) return
    const { postgres, folder } = await server
    await postgres.close()
    await rm(folder, { recursive: true, force: true })
  })
}

/** With the job repository's tables in the schema. */
export async function testDatabase(): Promise<TestDatabase> {
  const database = await emptyTestDatabase()
  await migrateRepository({ connection: database.connection, schema: database.schema })
  return database
}

/** With nothing in the schema. */
export async function emptyTestDatabase(): Promise<TestDatabase> {
  const { postgres } = await (server ??= start())
  const connection = { ...postgres.connection }
  const pool = new pg.Pool(connection)
  // Tests terminate connections, idle ones too.
  pool.on('error', () => {})
  schemas += 1
  const schema = `test_${process.pid}_${schemas}`
  await pool.query(`create schema ${schema}`)
  const close = async (): Promise<void> => {
    await pool.query(`drop schema ${schema} cascade`)
    await pool.end()
  }
  return { connection, schema, pool, close }
}

async function start(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'batchwright-postgres-'))
  return { folder, postgres: await startEmbeddedPostgres({ directory: folder }) }
}
