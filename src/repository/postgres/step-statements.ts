/** The statements that record a step's progress and its end. */
import { createHash } from 'node:crypto'
import { decodeStatus } from './rows.ts'
import type { BatchStatus } from '../../core/model/batch-status.ts'
import type { StepCounts, StepReconciliation } from '../../core/model/step-execution.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { StepEnd, StepProgress } from '../../core/ports/step-session.ts'
import { contextColumns } from './context-columns.ts'
import { fenceSql, proofSql } from './fence.ts'
import { exitColumns } from './job-execution-updates.ts'
import { quarantineSql, quarantineValues } from './quarantine-rows.ts'
import { COUNT_KINDS, UTC_NOW } from './sql-words.ts'
import { SAMPLE_VALUES, sampleSql, sampleValues } from './step-samples.ts'
import type { TableNames } from './table-names.ts'

export interface PreparedStatement {
  readonly name: string
  readonly text: string
}

export interface StepAt extends Claim {
  readonly stepExecutionId: string
  readonly version: number
}

const COUNTS = COUNT_KINDS.map((kind, index) => `${kind}_count = $${index + 5}`).join(', ')

/**
 * A chunk's metadata: counts, context, the check of lease and version, and the job's status. Raises 22012 when lease or
 * version do not hold. Locks: owner (shared), then the step, then its context.
 */
export function progressStatements(tables: TableNames): ProgressStatements {
  const sampled = sampleSql(tables, 15)
  const quarantined = quarantineSql(tables, 15 + SAMPLE_VALUES)
  return {
    usual: progressWith(tables, ''),
    sampling: progressWith(tables, `, ${sampled}`),
    quarantining: progressWith(tables, `, ${sampled}, ${quarantined}`),
  }
}

/**
 * `sampling`: a sample is recorded in the same statement. `quarantining`: the same, for a chunk that skips items, or redrives some;
 * locks those last.
 */
export interface ProgressStatements {
  readonly usual: PreparedStatement
  readonly sampling: PreparedStatement
  readonly quarantining: PreparedStatement
}

/** The usual chunk pays nothing for what only some record. */
export function progressMetadata(
  statements: ProgressStatements,
  at: StepAt,
  progress: StepProgress,
): PreparedStatement & { readonly values: readonly unknown[] } {
  const values = progressValues(at, progress)
  if (isQuarantining(progress)) {
    const further = [...sampleValues(progress.sample), ...quarantineValues(progress)]
    return { ...statements.quarantining, values: [...values, ...further] }
  }
  if (progress.sample === undefined) return { ...statements.usual, values }
  return { ...statements.sampling, values: [...values, ...sampleValues(progress.sample)] }
}

function progressWith(tables: TableNames, further: string): PreparedStatement {
  return prepared(`with ${fenceSql(tables)}, step as (
      update ${tables.stepExecution} set version = version + 1, last_updated = ${UTC_NOW}, ${COUNTS}
        where step_execution_id = $3 and version = $4 and exists (select 1 from fence)
        returning step_name
    ), context as (
      update ${tables.stepContext} set short_context = $13, serialized_context = $14
        where step_execution_id = $3 and exists (select 1 from step)
        returning 1
    )${further}
    select ${proofSql('context')},
      (select status from ${tables.jobExecution} where job_execution_id = $1) as "jobStatus"`)
}

/** A step's end; the job's context is saved with it, as Spring does, unless there is none to save, and its session is no longer registered. */
export function endStatement(tables: TableNames): PreparedStatement {
  return prepared(`with ${fenceSql(tables)}, step as (
      update ${tables.stepExecution} set version = version + 1, last_updated = ${UTC_NOW}, end_time = ${UTC_NOW},
        ${COUNTS}, status = $15, exit_code = $16, exit_message = $17
        where step_execution_id = $3 and version = $4 and exists (select 1 from fence)
        returning 1
    ), context as (
      update ${tables.stepContext} set short_context = $13, serialized_context = $14
        where step_execution_id = $3 and exists (select 1 from step)
        returning 1
    ), job_context as (
      update ${tables.jobContext} set short_context = $18, serialized_context = $19
        where job_execution_id = $1 and $18::text is not null and exists (select 1 from step)
    ), partition as (
      update ${tables.partition} set status = $15 where step_execution_id = $3 and exists (select 1 from step)
    ), reconciliation as (
      insert into ${tables.reconciliation} (step_execution_id, read_count, write_count, filter_count,
        process_skip_count, write_skip_count, read_skip_count, balanced)
        select $3, $20::bigint, $21::bigint, $22::bigint, $23::bigint, $24::bigint, $25::bigint, $26::boolean
          from step where $26 is not null
    ), ${sampleSql(tables, 27)}, backend as (
      delete from ${tables.backend} where step_execution_id = $3 and exists (select 1 from step)
    )
    select ${proofSql('context')}`)
}

function progressValues(at: StepAt, { counts, executionContext }: StepProgress): readonly unknown[] {
  const { shortContext, serializedContext } = contextColumns(executionContext)
  return [
    at.jobExecutionId,
    at.generation,
    at.stepExecutionId,
    at.version,
    ...countValues(counts),
    shortContext,
    serializedContext,
  ]
}

function isQuarantining({ quarantined, redriven }: StepProgress): boolean {
  return redriven !== undefined || (quarantined !== undefined && quarantined.length > 0)
}

export function endValues(at: StepAt, end: StepEnd): readonly unknown[] {
  const job = end.jobExecutionContext === undefined ? undefined : contextColumns(end.jobExecutionContext)
  return [
    ...progressValues(at, end),
    end.status,
    ...exitColumns(end.exitStatus),
    job?.shortContext ?? null,
    job?.serializedContext ?? null,
    ...reconciliationValues(end.reconciliation),
    ...sampleValues(end.sample),
  ]
}

/** All null where the step reconciles nothing, as a tasklet. */
function reconciliationValues(reconciliation: StepReconciliation | undefined): readonly unknown[] {
  const totals = reconciliation?.totals
  return [
    totals?.readCount,
    totals?.writeCount,
    totals?.filterCount,
    totals?.processSkipCount,
    totals?.writeSkipCount,
    totals?.readSkipCount,
    reconciliation?.isBalanced,
  ].map((value) => value ?? null)
}

export function decodeJobStatus(rows: readonly { readonly jobStatus: string | null }[]): BatchStatus {
  return decodeStatus(rows[0]?.jobStatus ?? null)
}

function countValues(counts: StepCounts): readonly number[] {
  return [
    counts.readCount,
    counts.writeCount,
    counts.filterCount,
    counts.readSkipCount,
    counts.processSkipCount,
    counts.writeSkipCount,
    counts.commitCount,
    counts.rollbackCount,
  ]
}

/** Named after its text, since a connection may serve repositories with other schemas and prefixes. */
function prepared(text: string): PreparedStatement {
  return { name: `batchwright-${createHash('md5').update(text).digest('hex').slice(0, 16)}`, text }
}
