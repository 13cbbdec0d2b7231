/** An execution by the id in a path. */
import type { JobExecutionDetails } from '../core/model/job-execution.ts'
import type { JobOperator } from '../core/operator/job-operator.ts'
import { Problem } from './problem.ts'
import { isRecordId } from '../core/model/record-id.ts'

/** @throws Problem no-such-execution */
export function findExecution(
  { operator }: { readonly operator: JobOperator },
  id: string,
): Promise<JobExecutionDetails> {
  return operator.findJobExecution(checkedExecutionId(id))
}

/** @throws Problem no-such-execution */
export function checkedExecutionId(id: string): string {
  if (isRecordId(id)) return id
  throw new Problem('no-such-execution', `There is no job execution ${id}.`)
}
