/** `batchwright scheduler` */
import type { Fired } from '../../core/operator/fire-operations.ts'
import { notFiredReason } from '../../core/operator/not-fired.ts'
import { watchStrayErrors } from '../../process/stray-errors.ts'
import { createScheduler, type Scheduler } from '../../scheduling/scheduler.ts'
import type { SchedulerObserver } from '../../scheduling/scheduler-parts.ts'
import type { CommandContext } from '../command-context.ts'
import { checkedSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { instantText } from '../instant-text.ts'
import { configuredWebhooks, WEBHOOK_GRACE, webhooksText } from '../configured-webhooks.ts'
import { createWebhookDispatcher } from '../../webhooks/dispatcher.ts'
import { type SignalWatch, watchSignals } from '../signals.ts'
import { errorWithPlace } from '../unhandled-errors.ts'

export interface SchedulerCommandOptions {
  /** In seconds. */
  readonly grace: number
}

/**
 * Ends with 0 when a signal has ended it and all its runs have ended; the runs that it has stopped are continued by the next. With
 * 1 where an error that nobody handles has, which comes from no run: one that does ends that run as FAILED.
 */
export async function scheduler(
  context: CommandContext,
  { grace }: SchedulerCommandOptions,
): Promise<number> {
  const { output } = context
  const { project, jobs, schedules } = await checkedSchedules(context)
  const endpoints = configuredWebhooks(context, project, jobs)
  using signals = watchSignals(output.tell, grace)
  const ending = new AbortController()
  using strayErrors = watchStrayErrors((error) => {
    output.tell(`error: an error that nobody handles, and that comes from no run: ${errorWithPlace(error)}`)
    if (!ending.signal.aborted) output.tell('the scheduler ends; what it runs is continued by the next')
    ending.abort(error)
  })
  const work = withBatch(
    context,
    project,
    jobs,
    async (batch) => {
      await using webhooks = await createWebhookDispatcher(batch, endpoints)
      const firing = await createScheduler(batch, schedules, { observer: watched(context), strayErrors })
      output.tell(`firing ${schedules.length} schedules: ${schedules.map(({ name }) => name).join(', ')}`)
      if (endpoints.length > 0) output.tell(webhooksText(endpoints))
      await drained(firing, signals, ending.signal, grace)
      await webhooks.drain('the scheduler ends', WEBHOOK_GRACE)
      return signals.givenUp() ?? (ending.signal.aborted ? 1 : 0)
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

/** Resolves when a signal, or an error that leaves no other way, has ended it and all its runs have ended. */
function drained(firing: Scheduler, signals: SignalWatch, ending: AbortSignal, grace: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const drain: Scheduler['drain'] = (reason, given) => firing.drain(reason, given).then(resolve, reject)
    signals.direct({ stop: (reason, given) => void drain(reason, given), abort: firing.abort })
    const patience = grace === Infinity ? undefined : { graceMilliseconds: grace * 1000 }
    const end = () => void drain(`the scheduler met an error: ${String(ending.reason)}`, patience)
    if (ending.aborted) end()
    else ending.addEventListener('abort', end, { once: true })
  })
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
        : show(schedule, slot, fired.outcome, null, notFiredReason(fired)),
    missed: (schedule, slots, detail) =>
      slots.forEach((slot) => show(schedule, slot, 'MISSED', null, detail)),
    repositoryLost: () => output.tell('the repository is away: nothing is fired until it is back'),
    repositoryBack: () => output.tell('the repository is back'),
  }
}
