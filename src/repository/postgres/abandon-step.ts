/** A failed step that the flow has dealt with. */
import type { Claim } from '../../core/ports/lease.ts'
import { explainRefusal, fenceSql, proofSql, type RunSql, whileFenced } from './fence.ts'
import { UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/** FAILED → ABANDONED; done twice it changes nothing more, so it may be sent again. Locks: owner (shared), then the step. */
export async function abandonStep(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  stepExecutionId: string,
): Promise<void> {
  const text = `with ${fenceSql(tables)}, step as (
      update ${tables.stepExecution} set status = 'ABANDONED', version = version + 1, last_updated = ${UTC_NOW}
        where step_execution_id = $3 and job_execution_id = $1 and status = 'FAILED' and exists (select 1 from fence)
    )
    select ${proofSql('fence')}`
  await whileFenced(
    () => run(text, [claim.jobExecutionId, claim.generation, stepExecutionId]),
    () => explainRefusal(run, tables, claim),
  )
}
