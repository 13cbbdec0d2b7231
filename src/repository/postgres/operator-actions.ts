/** Who asked for what: written by the statements that do it, read here. */
import { cutText } from '../../core/model/error-description.ts'
import { OPERATOR_ACTIONS, type OperatorAction, REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import type { RunSql } from './fence.ts'
import { decodeInstant, milliseconds } from './instant-column.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

interface ActionRow {
  readonly action: string
  readonly at: string
  readonly by: string
}

/** Oldest first. No locks. */
export async function listOperatorActions(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
): Promise<readonly OperatorAction[]> {
  const rows = await run<ActionRow>(
    `select action, ${milliseconds('requested_at')} as "at", requested_by as "by"
      from ${tables.action} where job_execution_id = $1 order by requested_at`,
    [jobExecutionId],
  )
  return rows.flatMap(({ action, at, by }) => {
    const known = OPERATOR_ACTIONS.find((one) => one === action)
    return known === undefined ? [] : [{ action: known, at: decodeInstant(at), by }]
  })
}

/** Locks: none that anybody waits for. */
export async function noteInterruption(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
  by: string,
): Promise<void> {
  await run(
    `insert into ${tables.action} (job_execution_id, action, requested_at, requested_by)
      select job_execution_id, 'interrupt', clock_timestamp(), $2 from ${tables.jobExecution}
        where job_execution_id = $1 and status in ${LIVE}`,
    [jobExecutionId, requesterColumn(by)],
  )
}

/** Who asked, as the columns can hold it. */
export function requesterColumn(by: string | null): string | null {
  return by === null ? null : cutText(by, REQUESTER_LIMIT)
}
