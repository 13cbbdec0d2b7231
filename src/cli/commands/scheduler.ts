/** `batchwright scheduler` */
import type { Fired } from '../../core/operator/fire-operations.ts'
import { createScheduler } from '../../scheduling/scheduler.ts'
import type { SchedulerObserver } from '../../scheduling/scheduler-parts.ts'
import type { CommandContext } from '../command-context.ts'
import { checkedSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../json-output.ts'
import { withBatch } from '../open-batch.ts'
import { instantText } from '../schedule-text.ts'
import { watchSignals } from '../signals.ts'
import { configuredWebhooks, webhooksText } from '../configured-webhooks.ts'
import { createWebhookDispatcher } from '../../webhooks/dispatcher.ts'

export interface SchedulerCommandOptions {
  /** In seconds. */
  readonly grace: number
}

/** For requests under way when all runs have ended; what they were to deliver is delivered by the next. */
const WEBHOOK_GRACE_MILLISECONDS = 3000

/** Ends with 0 when a signal has ended it and all its runs have ended; the runs that it has stopped are continued by the next. */
export async function scheduler(
  context: CommandContext,
  { grace }: SchedulerCommandOptions,
): Promise<number> {
  const { output } = context
  const { project, jobs, schedules } = await checkedSchedules(context)
  const endpoints = configuredWebhooks(context, project, jobs)
  using signals = watchSignals(output.tell, grace)
  const work = withBatch(
    context,
    project,
    jobs,
    async (batch) => {
      await using webhooks = await createWebhookDispatcher(batch, endpoints)
      const firing = await createScheduler(batch, schedules, { observer: watched(context) })
      output.tell(`firing ${schedules.length} schedules: ${schedules.map(({ name }) => name).join(', ')}`)
      if (endpoints.length > 0) output.tell(webhooksText(endpoints))
      let ended: () => void = () => {}
      const drained = new Promise<void>((resolve) => {
        ended = resolve
      })
      signals.direct({
        stop: (reason, patience) => void firing.drain(reason, patience).then(ended),
        abort: firing.abort,
      })
      await drained
      await webhooks.drain('the scheduler ends', { graceMilliseconds: WEBHOOK_GRACE_MILLISECONDS })
      return signals.givenUp() ?? 0
    },
    signals.stop,
  )
  try {
    return await work
  } catch (error) {
    if (error !== signals.stop.reason) throw error
    return 0
  }
}

function watched({ output }: CommandContext): SchedulerObserver {
  const show = (
    schedule: string,
    slot: Date,
    outcome: string,
    jobExecutionId: string | null,
    detail: string | null,
  ) => {
    if (output.json) output.result(jsonLine({ schedule, slot, outcome, jobExecutionId, detail }))
    else {
      const what = jobExecutionId === null ? (detail ?? '') : `execution ${jobExecutionId}`
      output.result(`${schedule}  ${instantText(slot)}  ${outcome}  ${what}`.trimEnd())
    }
  }
  return {
    fired: (schedule, slot, fired: Fired) =>
      fired.outcome === 'FIRED'
        ? show(schedule, slot, 'FIRED', fired.started.execution.id, null)
        : show(schedule, slot, fired.outcome, null, 'detail' in fired ? fired.detail : null),
    missed: (schedule, slots, detail) =>
      slots.forEach((slot) => show(schedule, slot, 'MISSED', null, detail)),
    repositoryLost: () => output.tell('the repository is away: nothing is fired until it is back'),
    repositoryBack: () => output.tell('the repository is back'),
  }
}
