/** What stands in the repository's schema: nothing, ours, an older or newer version of ours, or Spring's. */
import type { DataSource } from 'typeorm'
import { MIGRATIONS } from '../../../migrations/index.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import { errorCode, UNDEFINED_SCHEMA, UNDEFINED_TABLE } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import type { TableNames } from './table-names.ts'

export interface SchemaStatus {
  /** `localhost:5432/app` */
  readonly server: string
  readonly schema: string
  readonly tablePrefix: string
  /** `newer`: made by a later version of batchwright, and not to be touched by this one. */
  readonly state: 'current' | 'outdated' | 'missing' | 'newer'
  /** Names of migrations, oldest first. */
  readonly applied: readonly string[]
  readonly pending: readonly string[]
}

const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map((migration) => new migration().name)

export async function schemaStatus(source: DataSource, address: RepositoryAddress): Promise<SchemaStatus> {
  const applied = await appliedMigrations(source, address.tables)
  const pending = MIGRATION_NAMES.filter((name) => !applied.includes(name))
  const { schema, prefix } = address.tables
  return {
    server: address.server,
    schema,
    tablePrefix: prefix,
    state: stateOf(applied, pending),
    applied,
    pending,
  }
}

/** @throws BatchError SCHEMA_OUTDATED or SCHEMA_REFUSED, each with its remedy. */
export async function checkSchema(source: DataSource, address: RepositoryAddress): Promise<void> {
  const status = await schemaStatus(source, address)
  const place = `the job repository at postgres ${address.server}, schema ${status.schema}, prefix ${status.tablePrefix}`
  switch (status.state) {
    case 'current':
      return
    case 'missing':
    case 'outdated':
      throw new BatchError(
        'SCHEMA_OUTDATED',
        `${place} ${status.state === 'missing' ? 'has no tables yet' : 'has an older schema'}: run 'batchwright db migrate'`,
        { details: { ...status } },
      )
    case 'newer':
      throw new BatchError(
        'SCHEMA_REFUSED',
        `${place} was migrated by a later version of batchwright (${status.applied.at(-1)}): update this one`,
        { details: { ...status } },
      )
    default:
      status.state satisfies never
  }
}

function stateOf(applied: readonly string[], pending: readonly string[]): SchemaStatus['state'] {
  if (applied.some((name) => !MIGRATION_NAMES.includes(name))) return 'newer'
  if (pending.length === 0) return 'current'
  return applied.length === 0 ? 'missing' : 'outdated'
}

async function appliedMigrations(source: DataSource, tables: TableNames): Promise<readonly string[]> {
  try {
    const rows = await source.query<{ name: string }[]>(`select name from ${tables.migration} order by id`)
    return rows.map(({ name }) => name)
  } catch (error) {
    const code = errorCode(error)
    if (code === UNDEFINED_TABLE || code === UNDEFINED_SCHEMA) return []
    throw error
  }
}
