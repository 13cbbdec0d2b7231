/** Finding, listing and counting what is in the quarantine, and the batches in which it is redriven. */
import { escapeLiteral } from 'pg'
import { type QuarantineEntry, REDRIVE_OVER } from '../../core/model/quarantined-item.ts'
import type {
  BatchPart,
  QuarantineFilter,
  QuarantineSelection,
  QuarantineSummary,
  RedriveBatch,
} from '../../core/ports/quarantine-store.ts'
import type { RunSql } from './fence.ts'
import { decodeEntry, type EntryRow } from './quarantine-rows.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

const OVER = `(${REDRIVE_OVER.map(escapeLiteral).join(', ')})`

/** The latest execution of the redrive that took the entry `q` last, as `r`: null where there is none. */
export function redriveSql(tables: TableNames): string {
  return `left join ${tables.quarantineBatch} b on b.quarantine_batch_id = q.quarantine_batch_id
    left join lateral (
      select r.job_execution_id, r.status from ${tables.jobExecution} r
        where r.job_instance_id = b.redrive_job_instance_id order by r.job_execution_id desc limit 1
    ) r on true`
}

/** Whether that redrive may still come to the entry. */
export const HELD: string = `(q.redriven_at is null and r.status is not null and r.status not in ${OVER})`

function entriesSql(tables: TableNames): string {
  return `select q.quarantine_id as "id", q.job_name as "jobName", e.job_instance_id as "jobInstanceId",
      q.job_execution_id as "jobExecutionId", q.step_name as "stepName", q.step_execution_id as "stepExecutionId",
      q.phase, q.payload_kind as "kind", q.payload::text as "payload", q.cut_reason as "reason",
      q.position::text as "position", q.error_type as "errorType", q.error_message as "errorMessage",
      q.quarantined_at as "quarantinedAt", q.former_id as "former", q.quarantine_batch_id as "batchId",
      q.redriven_at as "redrivenAt", q.redriven_by as "redrivenBy", r.job_execution_id as "heldBy", ${HELD} as "isHeld",
      (select min(a.quarantine_id) from ${tables.quarantine} a where a.former_id = q.quarantine_id) as "again"
    from ${tables.quarantine} q
    join ${tables.jobExecution} e on e.job_execution_id = q.job_execution_id
    ${redriveSql(tables)}`
}

/** Conditions on `q` and `e` joined by `and`, and their values, which begin behind `taken` others. */
export interface Condition {
  readonly text: string
  readonly values: readonly unknown[]
}

/** Undefined where an id is none, so that nothing can be found. */
export function selected(selection: QuarantineSelection, taken = 0): Condition | undefined {
  const { ids, jobName, jobInstanceId, jobExecutionId, stepName, phase, errorType } = selection
  if ([...(ids ?? []), jobInstanceId, jobExecutionId].some((id) => id !== undefined && !isRecordId(id)))
    return undefined
  const wanted = [
    ['q.quarantine_id = any($::bigint[])', ids],
    ['q.job_name = $', jobName],
    ['e.job_instance_id = $', jobInstanceId],
    ['q.job_execution_id = $', jobExecutionId],
    ['q.step_name = $', stepName],
    ['q.phase = $', phase],
    ['q.error_type = $', errorType],
  ] as const
  const given = wanted.filter(([, value]) => value !== undefined)
  const text = given.map(([condition], index) => condition.replace('$', `$${taken + index + 1}`))
  return { text: text.join(' and ') || 'true', values: given.map(([, value]) => value) }
}

/** No locks, here and below. */
export async function listQuarantine(
  run: RunSql,
  tables: TableNames,
  filter: QuarantineFilter,
): Promise<readonly QuarantineEntry[]> {
  const condition = selected(filter, 2)
  const { before, which = 'all', limit } = filter
  if (condition === undefined || (before !== undefined && !isRecordId(before))) return []
  const rows = await run<EntryRow>(
    `${entriesSql(tables)}
    where ${condition.text} and ($1::bigint is null or q.quarantine_id < $1)
      ${which === 'open' ? 'and q.redriven_at is null' : ''}
    order by q.quarantine_id desc limit $2`,
    [before ?? null, limit, ...condition.values],
  )
  return rows.map(decodeEntry)
}

export async function findQuarantined(
  run: RunSql,
  tables: TableNames,
  id: string,
): Promise<QuarantineEntry | undefined> {
  if (!isRecordId(id)) return undefined
  const [row] = await run<EntryRow>(`${entriesSql(tables)} where q.quarantine_id = $1`, [id])
  return row === undefined ? undefined : decodeEntry(row)
}

type SummaryRow = Omit<QuarantineSummary, 'items'> & { readonly items: string }

export async function summarizeQuarantine(
  run: RunSql,
  tables: TableNames,
  selection: QuarantineSelection,
): Promise<readonly QuarantineSummary[]> {
  const condition = selected(selection)
  if (condition === undefined) return []
  const rows = await run<SummaryRow>(
    `with entries as (
      select q.job_name, e.job_instance_id, q.job_execution_id, q.step_name, q.phase,
          case when q.redriven_at is not null then 'done' when ${HELD} then 'held'
            when q.payload_kind = 'cut' then 'cut' else 'due' end as state,
          case when ${HELD} then r.job_execution_id end as held_by, q.quarantine_id
        from ${tables.quarantine} q
        join ${tables.jobExecution} e on e.job_execution_id = q.job_execution_id
        ${redriveSql(tables)}
        where ${condition.text}
    )
    select job_name as "jobName", job_instance_id as "jobInstanceId", job_execution_id as "jobExecutionId",
        step_name as "stepName", phase, state, held_by as "heldBy", count(*) as "items"
      from entries group by 1, 2, 3, 4, 5, 6, 7 order by job_execution_id, min(quarantine_id)`,
    condition.values,
  )
  return rows.map((row) => ({ ...row, items: Number(row.items) }))
}

/** Entries keep their batch when they were redriven, so a redrive that is resumed finds the same ones. */
export async function batchEntries(
  run: RunSql,
  tables: TableNames,
  { batchId, stepName, after, limit }: BatchPart,
): Promise<readonly QuarantineEntry[]> {
  if (!isRecordId(batchId) || (after !== undefined && !isRecordId(after))) return []
  const rows = await run<EntryRow>(
    `${entriesSql(tables)}
    where q.quarantine_batch_id = $1 and q.step_name = $2 and q.quarantine_id > $3 order by q.quarantine_id limit $4`,
    [batchId, stepName, after ?? '0', limit],
  )
  return rows.map(decodeEntry)
}

interface BatchRow {
  readonly id: string
  readonly originJobExecutionId: string
  readonly createdAt: Date
  readonly redriveJobInstanceId: string | null
  readonly jobExecutionId: string | null
  readonly status: string | null
  readonly steps: RedriveBatch['steps'] | null
}

export async function findBatch(
  run: RunSql,
  tables: TableNames,
  batchId: string,
): Promise<RedriveBatch | undefined> {
  if (!isRecordId(batchId)) return undefined
  const [batch] = await batches(run, tables, 'b.quarantine_batch_id', batchId)
  return batch
}

export async function listBatches(
  run: RunSql,
  tables: TableNames,
  originJobExecutionId: string,
): Promise<readonly RedriveBatch[]> {
  return isRecordId(originJobExecutionId)
    ? batches(run, tables, 'b.origin_job_execution_id', originJobExecutionId)
    : []
}

async function batches(
  run: RunSql,
  tables: TableNames,
  column: 'b.quarantine_batch_id' | 'b.origin_job_execution_id',
  value: string,
): Promise<readonly RedriveBatch[]> {
  const rows = await run<BatchRow>(
    `select b.quarantine_batch_id as "id", b.origin_job_execution_id as "originJobExecutionId",
        b.created_at as "createdAt", b.redrive_job_instance_id as "redriveJobInstanceId",
        r.job_execution_id as "jobExecutionId", r.status,
        (select json_agg(json_build_object('stepName', s.step_name, 'items', s.items, 'done', s.done) order by s.first)
          from (
            select q.step_name, count(*) as items, count(q.redriven_at) as done, min(q.quarantine_id) as first
              from ${tables.quarantine} q where q.quarantine_batch_id = b.quarantine_batch_id group by q.step_name
          ) s) as "steps"
      from ${tables.quarantineBatch} b
      left join lateral (
        select r.job_execution_id, r.status from ${tables.jobExecution} r
          where r.job_instance_id = b.redrive_job_instance_id order by r.job_execution_id desc limit 1
      ) r on true
      where ${column} = $1 order by b.quarantine_batch_id`,
    [value],
  )
  return rows.map((row) => ({
    ...row,
    status: row.status === null ? null : decodeStatus(row.status),
    steps: row.steps ?? [],
  }))
}
