/** Brings the repository's schema up to date, one process at a time. */
import { escapeIdentifier } from 'pg'
import type { DataSource } from 'typeorm'
import { MIGRATIONS } from '../../../migrations/index.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import { checkAdoptable } from './adopt-spring.ts'
import { initialize, metadataSource } from './connect.ts'
import {
  type PostgresRepositoryOptions,
  repositoryAddress,
  type RepositoryAddress,
} from './repository-options.ts'
import { type SchemaStatus, schemaStatus } from './schema-status.ts'

export interface MigrationReport {
  readonly server: string
  readonly schema: string
  readonly tablePrefix: string
  /** Migrations run now, oldest first; empty when there was nothing to do. */
  readonly applied: readonly string[]
  /** Whether tables that Spring Batch had made were adopted now. */
  readonly adoptedSpringTables: boolean
}

/**
 * Creates the schema and its tables, or what is missing of them. Two processes may do it at once: one waits for the
 * other. All or nothing is changed.
 * @throws BatchError SCHEMA_REFUSED, REPOSITORY_UNAVAILABLE
 */
export async function migrateRepository(options: PostgresRepositoryOptions): Promise<MigrationReport> {
  const address = repositoryAddress(options)
  const source = metadataSource(options, address, { migrations: [...MIGRATIONS], logging: false })
  await initialize([source], address)
  try {
    return await whileLocked(source, address, () => migrate(source, address))
  } finally {
    await source.destroy()
  }
}

/** @throws BatchError REPOSITORY_UNAVAILABLE */
export async function repositoryStatus(options: PostgresRepositoryOptions): Promise<SchemaStatus> {
  const address = repositoryAddress(options)
  const source = metadataSource(options, address, {})
  await initialize([source], address)
  try {
    return await schemaStatus(source, address)
  } finally {
    await source.destroy()
  }
}

async function migrate(source: DataSource, address: RepositoryAddress): Promise<MigrationReport> {
  const { schema, prefix } = address.tables
  const report = { server: address.server, schema, tablePrefix: prefix }
  const { state, applied } = await schemaStatus(source, address)
  if (state === 'current') return { ...report, applied: [], adoptedSpringTables: false }
  if (state === 'newer') {
    throw new BatchError(
      'SCHEMA_REFUSED',
      `schema ${schema} of postgres ${address.server} was migrated by a later version of batchwright ` +
        `(${applied.at(-1)}): update this one`,
    )
  }
  const adopted = applied.length === 0 && (await checkAdoptable(source, address))
  await createSchema(source, schema)
  const done = await source.runMigrations({ transaction: 'all' })
  return { ...report, applied: done.map(({ name }) => name), adoptedSpringTables: adopted }
}

/** Asked first, because `create schema if not exists` needs the right to create one even when it is there. */
async function createSchema(source: DataSource, schema: string): Promise<void> {
  const found = await source.query<unknown[]>('select 1 from pg_namespace where nspname = $1', [schema])
  if (found.length === 0) await source.query(`create schema if not exists ${escapeIdentifier(schema)}`)
}

/** Session-wide, on a connection of its own: released by the server when this process dies. */
async function whileLocked<T>(
  source: DataSource,
  { tables }: RepositoryAddress,
  work: () => Promise<T>,
): Promise<T> {
  await using runner = source.createQueryRunner()
  const key = [`batchwright migrate ${tables.schema} ${tables.prefix}`]
  await runner.query('select pg_advisory_lock(hashtextextended($1, 0))', key)
  try {
    return await work()
  } finally {
    await runner.query('select pg_advisory_unlock(hashtextextended($1, 0))', key)
  }
}
