/** Who asked for what: written by the statements that do it, read here. */
import { cutText } from '../../core/model/error-description.ts'
import { OPERATOR_ACTIONS, type OperatorAction, REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

interface ActionRow {
  readonly action: string
  readonly milliseconds: string
  readonly by: string
}

export async function listOperatorActions(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
): Promise<readonly OperatorAction[]> {
  const rows = await run<ActionRow>(
    `select action, trunc(extract(epoch from requested_at) * 1000)::text as "milliseconds", requested_by as "by"
      from ${tables.action} where job_execution_id = $1 order by requested_at`,
    [jobExecutionId],
  )
  return rows.flatMap(({ action, milliseconds, by }) => {
    const known = OPERATOR_ACTIONS.find((one) => one === action)
    return known === undefined ? [] : [{ action: known, at: new Date(Number(milliseconds)), by }]
  })
}

export function requesterColumn(by: string | null): string | null {
  return by === null ? null : cutText(by, REQUESTER_LIMIT)
}
