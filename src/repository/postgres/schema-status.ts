/** What stands in the repository's schema: nothing, ours, an older or newer version of ours, or Spring's. */
import type { DataSource } from 'typeorm'
import { MIGRATIONS } from '../../../migrations/index.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import type { RunSql } from './fence.ts'
import { errorCode, UNDEFINED_SCHEMA, UNDEFINED_TABLE } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'

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
  const { migration } = address.tables
  const rows = () => source.query<AppliedRow[]>(`select name from ${migration} order by id`)
  return statusOf(address, await appliedMigrations(rows))
}

function statusOf(address: RepositoryAddress, applied: readonly string[]): SchemaStatus {
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
  refuseUnlessCurrent(address, await schemaStatus(source, address))
}

/**
 * The same, and that the session takes writes, in one statement: in a session that does not, and only there, it comes to `nextval`,
 * which the server refuses. @throws what the server says then
 */
export async function checkTables(run: RunSql, address: RepositoryAddress): Promise<void> {
  const { migration, stepExecutionSeq } = address.tables
  const isReadOnly = `current_setting('transaction_read_only') = 'on'`
  const rows = () =>
    run<AppliedRow>(
      `select name, case when ${isReadOnly} then nextval(${stepExecutionSeq}) end from ${migration} order by id`,
      [],
    )
  refuseUnlessCurrent(address, statusOf(address, await appliedMigrations(rows)))
}

function refuseUnlessCurrent(address: RepositoryAddress, status: SchemaStatus): void {
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

interface AppliedRow {
  readonly name: string
}

async function appliedMigrations(rows: () => Promise<readonly AppliedRow[]>): Promise<readonly string[]> {
  try {
    return (await rows()).map(({ name }) => name)
  } catch (error) {
    const code = errorCode(error)
    if (code === UNDEFINED_TABLE || code === UNDEFINED_SCHEMA) return []
    throw error
  }
}
