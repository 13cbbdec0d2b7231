/** `batchwright schedules trigger <name>` */
import { BatchError } from '../../core/model/batch-error.ts'
import type { Fired } from '../../core/operator/fire-operations.ts'
import { notFiredReason } from '../../core/operator/not-fired.ts'
import type { StartedJob } from '../../core/operator/job-operator.ts'
import { processIdentity, processRequester } from '../../process/process-identity.ts'
import { systemClock } from '../../process/system-clock.ts'
import { scheduleOperations } from '../../scheduling/schedule-operations.ts'
import type { CommandContext } from '../command-context.ts'
import { checkedSchedules } from '../checked-schedules.ts'
import { runToEnd } from '../run-to-end.ts'
import type { ProgressMode } from '../show-progress.ts'

export interface TriggerOptions {
  /** In seconds. */
  readonly grace: number
  readonly progress: ProgressMode
}

/** Whoever triggers it answers for a pause. */
export async function trigger(
  context: CommandContext,
  name: string,
  { grace, progress }: TriggerOptions,
): Promise<number> {
  const { project, jobs, schedules } = await checkedSchedules(context)
  const by = processRequester(processIdentity())
  return runToEnd(context, {
    project,
    jobs,
    grace,
    progress,
    launch: async (_, options, batch) => {
      const operations = scheduleOperations(batch, schedules, systemClock)
      return startedBy(name, await operations.trigger(name, { ...options, by }))
    },
  })
}

/** @throws BatchError the refusal, or JOB_EXECUTION_ALREADY_RUNNING where the job is busy */
export function startedBy(name: string, fired: Fired): StartedJob {
  if (fired.outcome === 'FIRED') return fired.started
  if ('error' in fired && fired.error !== undefined) throw fired.error
  const reason = notFiredReason(fired)
  throw new BatchError(
    'JOB_EXECUTION_ALREADY_RUNNING',
    `Schedule ${name} was not fired: ${reason}, and its overlap rule does not allow another beside it. Nothing was started; ` +
      'wait for its end, or stop it (batchwright stop).',
    { details: { schedule: name, reason } },
  )
}
