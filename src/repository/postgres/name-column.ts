/** Names of jobs and steps, as the columns can hold them. */
import { BatchError } from '../../core/model/batch-error.ts'
import { characterCount, NAME_LIMIT } from '../../core/model/recorded-name.ts'

/** @throws BatchError INVALID_JOB_DEFINITION */
export function checkNameColumn(whose: 'job' | 'step', name: string): void {
  const length = characterCount(name)
  if (length > 0 && length <= NAME_LIMIT && !name.includes('\u0000')) return
  throw new BatchError(
    'INVALID_JOB_DEFINITION',
    `a ${whose}'s name must have 1 to ${NAME_LIMIT} characters and no NUL: ${JSON.stringify(name)} has ${length}`,
    { details: { name } },
  )
}
