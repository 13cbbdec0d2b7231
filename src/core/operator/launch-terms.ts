/** What every launch of a job is recorded with. */
import type { JobDefinition } from '../definition/define-job.ts'
import { fingerprintOf } from '../definition/fingerprint.ts'
import { cutText } from '../model/error-description.ts'
import { type Trigger, TRIGGER_NAME_LIMIT } from '../model/launch-facts.ts'
import type { LaunchTerms } from '../ports/launch.ts'
import type { OperatorParts } from './operator-parts.ts'
import type { StartOptions } from './started-job.ts'

const OURSELVES: Trigger = { type: 'program', name: null }

export function termsOf(
  { owner, leaseMilliseconds, by: ourselves }: OperatorParts,
  job: JobDefinition,
  { by = ourselves, trigger = OURSELVES, runner = 'program' }: StartOptions,
): LaunchTerms {
  const facts = { trigger: { ...trigger, name: nameOf(trigger) }, runner }
  return { jobName: job.name, owner, leaseMilliseconds, by, definition: fingerprintOf(job), facts }
}

function nameOf({ name }: Trigger): string | null {
  return name === null ? null : cutText(name, TRIGGER_NAME_LIMIT)
}
