/** What every launch of a job is recorded with. */
import type { JobDefinition } from '../definition/define-job.ts'
import { fingerprintOf } from '../definition/fingerprint.ts'
import type { LaunchTerms } from '../ports/launch.ts'
import type { OperatorParts } from './operator-parts.ts'
import type { StartOptions } from './started-job.ts'

export function termsOf(
  { owner, leaseMilliseconds, by: ourselves }: OperatorParts,
  job: JobDefinition,
  { by = ourselves }: StartOptions,
): LaunchTerms {
  return { jobName: job.name, owner, leaseMilliseconds, by, definition: fingerprintOf(job) }
}
