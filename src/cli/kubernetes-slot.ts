/** The slot of a Kubernetes CronJob, which stands at the end of the name of each Job that it makes. */
import { BatchError } from '../core/model/batch-error.ts'

const SLOT_PARAMETER = 'scheduledAt'
const MINUTE_MILLISECONDS = 60_000

/**
 * The words of a command line with the slot behind them, as the parameter `scheduledAt`. A Job that Kubernetes makes twice for one
 * slot, or a pod that is tried again, thereby gets the instance that is there.
 * @throws BatchError INVALID_JOB_PARAMETERS if the name does not end in a slot
 */
export function withKubernetesSlot(words: readonly string[], jobName: string | undefined): readonly string[] {
  return jobName === undefined
    ? words
    : [...words, `${SLOT_PARAMETER}=${kubernetesSlot(jobName).toISOString()}`]
}

/** A CronJob names its Jobs `<its name>-<minutes since 1970>`: of eight digits from 1989 to 2160, so no other number is taken for one. */
function kubernetesSlot(jobName: string): Date {
  const [, minutes] = /-([1-9]\d{7})$/.exec(jobName) ?? []
  if (minutes !== undefined) return new Date(Number(minutes) * MINUTE_MILLISECONDS)
  throw new BatchError(
    'INVALID_JOB_PARAMETERS',
    `the Job name ${JSON.stringify(jobName)} does not end in the minutes of a slot, as those do that a CronJob makes; ` +
      `to run it by hand, give ${SLOT_PARAMETER} itself, or name the Job end-of-day-<minutes since 1970>`,
    { details: { jobName } },
  )
}
