/** A schema of its own for each suite of Postgres tests, in the tests' server. */
import { type PoolClient, Pool, type PoolConfig } from 'pg'
import type { Resources, Transaction } from '../../src/core/ports/resource.ts'
import { PG_CLIENT, PG_POOL } from '../../src/postgres/resources.ts'
import { emptyTestDatabase } from '../embedded-postgres.ts'

export interface TestSchema {
  readonly config: PoolConfig
  readonly pool: Pool
  readonly schema: string
  /** As a Postgres job repository lends its pool. */
  readonly resources: Resources
  readonly drop: () => Promise<void>
}

export async function testSchema(config: PoolConfig = {}): Promise<TestSchema> {
  const database = await emptyTestDatabase()
  const { schema } = database
  const ours: PoolConfig = { ...database.connection, options: `-c search_path=${schema}`, ...config }
  const pool = new Pool(ours)
  pool.on('error', () => {})
  const drop = async (): Promise<void> => {
    await pool.end()
    await database.close()
  }
  return { config: ours, pool, schema, resources: lending(PG_POOL.id, pool), drop }
}

export function lending(id: symbol, resource: unknown): Resources & Transaction {
  const find = (key: { readonly id: symbol }): never => (key.id === id ? resource : undefined) as never
  return { find, resource: find, savepoint: (work) => work() }
}

/** As the job repository does it without pipelining: commits when `work` resolves. */
export async function inTransaction<R>(
  pool: Pool,
  work: (transaction: Transaction) => Promise<R>,
): Promise<R> {
  return withClient(pool, async (client) => {
    await client.query('begin')
    try {
      const result = await work({ ...lending(PG_CLIENT.id, client), savepoint: savepointOf(client) })
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => {})
      throw error
    }
  })
}

/** One at a time: none of the tests nests them. */
function savepointOf(client: PoolClient): Transaction['savepoint'] {
  return async (work) => {
    await client.query('savepoint part')
    try {
      return await work()
    } catch (error) {
      await client.query('rollback to savepoint part')
      throw error
    }
  }
}

export async function withClient<R>(pool: Pool, work: (client: PoolClient) => Promise<R>): Promise<R> {
  const client = await pool.connect()
  let isLost = false
  const onLoss = (): void => void (isLost = true)
  client.on('error', onLoss)
  try {
    return await work(client)
  } finally {
    if (!isLost) client.off('error', onLoss)
    client.release(isLost)
  }
}

export async function rowsOf(pool: Pool, sql: string): Promise<readonly Record<string, unknown>[]> {
  const { rows } = await pool.query<Record<string, unknown>>(sql)
  return rows
}
