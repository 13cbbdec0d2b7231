/** The rows of a new step execution. */
import type { Claim } from '../../core/ports/lease.ts'
import type { StepBegin } from '../../core/ports/step-session.ts'
import { begunStep, type StepExecution } from '../../core/model/step-execution.ts'
import { contextColumns } from './context-columns.ts'
import { fenceSql, proofSql, type RunSql } from './fence.ts'
import { checkNameColumn } from './name-column.ts'
import { UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/** This session, as recovery finds it again: pids are used again, start times are not. */
export const THIS_BACKEND = `(select backend_start from pg_stat_get_activity(pg_backend_pid()))`

/**
 * The step, its carried-over context and the session that will do its work, in one statement, so that a crash right
 * behind it loses nothing. Locks: owner (shared).
 */
export async function insertStep(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  begin: StepBegin,
): Promise<StepExecution> {
  const { stepName, executionContext } = begin
  checkNameColumn('step', stepName)
  const { shortContext, serializedContext } = contextColumns(executionContext)
  const [row] = await run<InsertedStep>(insertStepSql(tables), [
    claim.jobExecutionId,
    claim.generation,
    stepName,
    shortContext,
    serializedContext,
  ])
  return decodeInserted(row as InsertedStep, claim, begin)
}

export interface InsertedStep {
  readonly id: string
  readonly milliseconds: string
}

export function decodeInserted(
  { id, milliseconds }: InsertedStep,
  { jobExecutionId }: Claim,
  { stepName, executionContext: values }: StepBegin,
): StepExecution {
  const at = new Date(Number(milliseconds))
  return begunStep({ id, jobExecutionId, stepName, at, executionContext: { kind: 'readable', values } })
}

/** The time is answered in milliseconds, because a given data source may read TIMESTAMP in any zone. */
function insertStepSql(tables: TableNames): string {
  return `with ${fenceSql(tables)}, step as (
      insert into ${tables.stepExecution} (step_execution_id, version, step_name, job_execution_id, create_time,
        start_time, status, commit_count, read_count, filter_count, write_count, read_skip_count, write_skip_count,
        process_skip_count, rollback_count, exit_code, exit_message, last_updated)
        select nextval(${tables.stepExecutionSeq}), 0, $3, $1, now.at, now.at, 'STARTED', 0, 0, 0, 0, 0, 0, 0, 0,
            'EXECUTING', '', now.at
          from fence, (select ${UTC_NOW} as at) now
        returning step_execution_id, create_time
    ), context as (
      insert into ${tables.stepContext} (step_execution_id, short_context, serialized_context)
        select step_execution_id, $4, $5 from step
    ), backend as (
      insert into ${tables.backend} (step_execution_id, job_execution_id, backend_pid, backend_start)
        select step_execution_id, $1, pg_backend_pid(), ${THIS_BACKEND} from step
        returning 1
    )
    select ${proofSql('backend')}, (select step_execution_id from step) as "id",
      (select trunc(extract(epoch from create_time) * 1000) from step)::text as "milliseconds"`
}
