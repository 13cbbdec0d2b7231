/** Whether tables that are already there may be adopted: Spring Batch 6's may, older ones may not. */
import type { DataSource } from 'typeorm'
import { BatchError } from '../../core/model/batch-error.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { LIVE } from './sql-words.ts'
import { SEQUENCES, SPRING_TABLES, type TableNames } from './table-names.ts'

const SPRING_MIGRATION =
  "run Spring's own script first (org/springframework/batch/core/migration in spring-batch-core), or give " +
  'batchwright a schema or a tablePrefix of its own'

/** @throws BatchError SCHEMA_REFUSED with reason and remedy. @returns whether Spring's tables are there. */
export async function checkAdoptable(source: DataSource, address: RepositoryAddress): Promise<boolean> {
  const { tables } = address
  const relations = await relationNames(source, tables)
  const found = SPRING_TABLES.filter((table) => relations.includes(tables.prefix + table))
  if (found.length === 0) return false
  const missing = SPRING_TABLES.filter((table) => !found.includes(table))
  if (missing.length > 0)
    throw refused(address, `${missing.join(', ')} are missing beside ${found.join(', ')}`)
  if (!(await hasColumn(source, tables, 'job_execution_params', 'parameter_name'))) {
    throw refused(address, 'these are tables of Spring Batch 4 or older (parameters in typed columns)')
  }
  checkSequences(address, relations)
  await checkSingleLive(source, address)
  return true
}

function checkSequences(address: RepositoryAddress, relations: readonly string[]): void {
  const { prefix } = address.tables
  const missing = SEQUENCES.filter((sequence) => !relations.includes(prefix + sequence))
  if (missing.length === 0) return
  const isVersion5 = missing.includes('job_instance_seq') && relations.includes(`${prefix}job_seq`)
  throw refused(
    address,
    isVersion5
      ? `these are tables of Spring Batch 5 (sequence ${prefix}job_seq instead of ${prefix}job_instance_seq)`
      : `the sequences ${missing.join(', ')} are missing`,
  )
}

async function relationNames(source: DataSource, tables: TableNames): Promise<readonly string[]> {
  const rows = await source.query<{ name: string }[]>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'S')`,
    [tables.schema],
  )
  return rows.map(({ name }) => name)
}

async function hasColumn(
  source: DataSource,
  tables: TableNames,
  table: string,
  column: string,
): Promise<boolean> {
  const rows = await source.query<unknown[]>(
    `select 1 from information_schema.columns where table_schema = $1 and table_name = $2 and column_name = $3`,
    [tables.schema, tables.prefix + table, column],
  )
  return rows.length > 0
}

/** The index that allows one live execution per instance could not be made. */
async function checkSingleLive(source: DataSource, address: RepositoryAddress): Promise<void> {
  const rows = await source.query<{ instance: string; executions: string }[]>(
    `select job_instance_id as instance, string_agg(job_execution_id::text, ', ' order by job_execution_id) as executions
      from ${address.tables.jobExecution}
      where status in ${LIVE}
      group by job_instance_id having count(*) > 1 order by job_instance_id limit 20`,
  )
  if (rows.length === 0) return
  const named = rows.map((row) => `${row.executions} of instance ${row.instance}`).join('; ')
  throw new BatchError(
    'SCHEMA_REFUSED',
    `${place(address)} holds several live executions of one instance: job executions ${named}; find out which of ` +
      'them still runs and set the others to FAILED with an end_time, then migrate again',
    { details: { executions: rows } },
  )
}

function refused(address: RepositoryAddress, reason: string): BatchError {
  return new BatchError(
    'SCHEMA_REFUSED',
    `${place(address)} cannot be adopted: ${reason}; ${SPRING_MIGRATION}`,
    {
      details: { reason, schema: address.tables.schema, tablePrefix: address.tables.prefix },
    },
  )
}

function place({ server, tables }: RepositoryAddress): string {
  return `postgres ${server}, schema ${tables.schema}, prefix ${tables.prefix}`
}
