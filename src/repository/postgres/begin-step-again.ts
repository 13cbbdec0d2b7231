/** Beginning a step when the connection was lost the first time, and nobody knows whether its row is there. */
import type { Claim } from '../../core/ports/lease.ts'
import type { StepBegin } from '../../core/ports/step-session.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import { decodeInserted, type InsertedStep, insertStep } from './begin-step.ts'
import type { RunSql } from './fence.ts'
import { registerBackend } from './reconnect-step.ts'
import type { TableNames } from './table-names.ts'

/**
 * An execution has one owner, which begins a step of a name once at a time: a row of that name that has begun and committed
 * nothing is the one whose answer was lost. It is taken over, or else inserted.
 */
export async function insertStepOnce(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  begin: StepBegin,
): Promise<StepExecution> {
  await waitForFormer(run, tables, claim)
  const found = await findBegun(run, tables, claim, begin)
  if (found === undefined) return insertStep(run, tables, claim, begin)
  await registerBackend(run, tables, { ...claim, stepExecutionId: found.id, version: 0 })
  return decodeInserted(found, claim, begin)
}

/**
 * An insert, or a claim of a partition, that is still under way holds the owner row (shared). A statement of its own, since one
 * that looks for the row would not see what was committed while it waited. Locks: the owner row, for a moment.
 */
export async function waitForFormer(run: RunSql, tables: TableNames, claim: Claim): Promise<void> {
  await run(`select 1 from ${tables.owner} where job_execution_id = $1 for update`, [claim.jobExecutionId])
}

/** No locks. */
async function findBegun(
  run: RunSql,
  tables: TableNames,
  { jobExecutionId }: Claim,
  { stepName }: StepBegin,
): Promise<InsertedStep | undefined> {
  const [row] = await run<InsertedStep>(
    `select step_execution_id as "id", trunc(extract(epoch from create_time) * 1000)::text as "milliseconds"
      from ${tables.stepExecution}
      where job_execution_id = $1 and step_name = $2 and status = 'STARTED' and version = 0
      order by step_execution_id desc limit 1`,
    [jobExecutionId, stepName],
  )
  return row
}
