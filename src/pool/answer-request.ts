/** Does in this process what a server asks of a process of its pool. */
import type { LaunchFacts, Trigger } from '../core/model/launch-facts.ts'
import type { LaunchOrder } from '../core/operator/launch-order.ts'
import { notFiredReason } from '../core/operator/not-fired.ts'
import type { TraceContext } from '../core/ports/tracing.ts'
import type { StartedJob, StartOptions } from '../core/operator/started-job.ts'
import { fireSlot } from '../scheduling/fire-schedule.ts'
import { findSchedule } from '../scheduling/schedule-operations.ts'
import type { PooledFire, PooledLaunch, RedriveOrder, RestartOrder, TriggerOrder } from './execution-pool.ts'
import type { Placed } from './places.ts'
import type { PoolBatch } from './pool-batch.ts'
import type { PoolAnswer, PoolRequest } from './pool-messages.ts'

/** What it is done with. */
export type AnsweringBatch = Pick<PoolBatch, 'operator' | 'schedules'>

/** Resolves when the launch is recorded. @throws BatchError as the operator refuses */
export function answerRequest(batch: AnsweringBatch, request: PoolRequest): Promise<Placed<PoolAnswer>> {
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

export async function launch(
  { operator }: AnsweringBatch,
  order: LaunchOrder,
): Promise<Placed<PooledLaunch>> {
  const answer = await operator.launch(order)
  return answer.outcome === 'started' ? startedAs(answer.started) : { answer }
}

export async function restart(
  { operator }: AnsweringBatch,
  { jobExecutionId, parameters, acceptChanges, latestOnly = false, ...asked }: RestartOrder,
): Promise<Placed<PooledLaunch>> {
  const continues = latestOnly ? { continues: jobExecutionId } : {}
  const options = { ...optionsOf(asked), ...continues, parameters, acceptChanges }
  return startedAs(await operator.restart(jobExecutionId, options))
}

export async function redrive(
  { operator }: AnsweringBatch,
  { jobExecutionId, selection, ...asked }: RedriveOrder,
): Promise<Placed<PooledLaunch>> {
  return startedAs(await operator.redrive(jobExecutionId, selection, optionsOf(asked)))
}

export async function trigger(
  { operator, schedules }: AnsweringBatch,
  { schedule: name, slot, ...caller }: TriggerOrder,
): Promise<Placed<PooledFire>> {
  const schedule = findSchedule(schedules, name)
  const asked = { ...caller, trigger: { type: 'schedule', name } } as const
  const firing = { occasion: 'asked', replaces: [] } as const
  const fired = await fireSlot(operator, schedule, slot, firing, optionsOf(asked))
  if (fired.outcome !== 'FIRED') return { answer: { outcome: fired.outcome, detail: notFiredReason(fired) } }
  const { started } = fired
  return { answer: { outcome: 'FIRED', execution: started.execution }, started }
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

function startedAs(started: StartedJob): Placed<PooledLaunch> {
  const { execution, restartOf, recovered, leftBehind } = started
  const answer = {
    outcome: 'started',
    execution,
    restartOf,
    recovered,
    leftBehind: leftBehind?.id ?? null,
  } as const
  return { answer, started }
}
