/** Does in this process what a server asks of a process of its pool. */
import type { JobExecution } from '../core/model/job-execution.ts'
import type { LaunchFacts, Trigger } from '../core/model/launch-facts.ts'
import type { LaunchOrder } from '../core/operator/launch-order.ts'
import type { TraceContext } from '../core/ports/tracing.ts'
import type { StartedJob, StartOptions } from '../core/operator/started-job.ts'
import { fireSlot } from '../scheduling/fire-schedule.ts'
import { findSchedule } from '../scheduling/schedule-operations.ts'
import type { PooledFire, PooledLaunch, RedriveOrder, RestartOrder, TriggerOrder } from './execution-pool.ts'
import type { PoolBatch } from './pool-batch.ts'
import type { PoolAnswer, PoolRequest } from './pool-messages.ts'

export interface Answered {
  readonly answer: PoolAnswer
  /** What runs here from now on; undefined where nothing was launched. */
  readonly started?: StartedJob
}

/** Resolves when the launch is recorded. @throws BatchError as the operator refuses */
export function answerRequest(batch: PoolBatch, request: PoolRequest): Promise<Answered> {
  switch (request.kind) {
    case 'launch':
      return launch(batch, request.order)
    case 'restart':
      return restart(batch, request.order)
    case 'redrive':
      return redrive(batch, request.order)
    case 'trigger':
      return trigger(batch, request.order)
    default:
      return request satisfies never
  }
}

async function launch({ operator }: PoolBatch, order: LaunchOrder): Promise<Answered> {
  const answer = await operator.launch(order)
  return answer.outcome === 'started' ? startedAs(answer.started) : { answer }
}

async function restart(
  { operator }: PoolBatch,
  { jobExecutionId, parameters, acceptChanges, latestOnly = false, ...asked }: RestartOrder,
): Promise<Answered> {
  const continues = latestOnly ? { continues: jobExecutionId } : {}
  const options = { ...optionsOf(asked), ...continues, parameters, acceptChanges }
  return startedAs(await operator.restart(jobExecutionId, options))
}

async function redrive(
  { operator }: PoolBatch,
  { jobExecutionId, selection, ...asked }: RedriveOrder,
): Promise<Answered> {
  return startedAs(await operator.redrive(jobExecutionId, selection, optionsOf(asked)))
}

async function trigger(
  { operator, schedules }: PoolBatch,
  { schedule: name, slot, ...caller }: TriggerOrder,
): Promise<Answered> {
  const schedule = findSchedule(schedules, name)
  const asked = { ...caller, trigger: { type: 'schedule', name } } as const
  const firing = { occasion: 'asked', replaces: [] } as const
  const fired = await fireSlot(operator, schedule, slot, firing, optionsOf(asked))
  switch (fired.outcome) {
    case 'FIRED': {
      const answer: PooledFire = { outcome: 'FIRED', execution: fired.started.execution }
      return { answer, started: fired.started }
    }
    case 'taken':
      return { answer: { outcome: 'taken', detail: fired.fire.detail ?? `it is ${fired.fire.outcome}` } }
    case 'left':
      return { answer: { outcome: 'left', detail: fired.reason } }
    default:
      return { answer: { outcome: fired.outcome, detail: fired.detail } }
  }
}

interface Asking {
  readonly trigger: Trigger
  readonly by: string
  readonly traceContext?: TraceContext
}

function optionsOf({ trigger: what, ...asked }: Asking): StartOptions {
  const facts: LaunchFacts = { trigger: what, runner: 'server' }
  return { ...asked, ...facts }
}

function startedAs(started: StartedJob): Answered {
  const { execution, restartOf, recovered, leftBehind } = started
  const answer: PooledLaunch = {
    outcome: 'started',
    execution,
    restartOf,
    recovered,
    leftBehind: idOf(leftBehind),
  }
  return { answer, started }
}

function idOf(execution: JobExecution | null): string | null {
  return execution?.id ?? null
}
