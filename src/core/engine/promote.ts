/** Copies what a step found out into the job's context, for the steps behind it. */
import { promotedKeys, type PromotedKeys } from '../definition/step-definition.ts'
import { BatchError } from '../model/batch-error.ts'
import type { StepRun } from './step-run.ts'

/**
 * Called when the step has completed; the job's context is written with the step's end, in one statement.
 * @throws BatchError PROMOTED_KEY_MISSING
 */
export function promote({ stepName, scope }: StepRun, promoted: PromotedKeys | undefined): void {
  const { keys, strict } = promotedKeys(promoted)
  const missing = keys.filter((key) => scope.stepContext.get(key) === undefined)
  if (missing.length > 0 && strict) throw keysMissing(stepName, missing)
  for (const key of keys) {
    const value = scope.stepContext.get(key)
    if (value !== undefined) scope.jobContext.set(key, value)
  }
}

function keysMissing(stepName: string, missing: readonly string[]): BatchError {
  return new BatchError(
    'PROMOTED_KEY_MISSING',
    `Step ${stepName} was to promote ${missing.join(', ')} to the job's context, and has not set it in its own. ` +
      'Set it with stepContext.set, or leave `strict` out.',
    { details: { stepName, missing } },
  )
}
