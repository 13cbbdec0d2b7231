/** Runs what it is asked to launch in this process: for handlers that are mounted in an application, and for tests. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Fired } from '../core/operator/fire-operations.ts'
import type { LaunchAnswer } from '../core/operator/launch-order.ts'
import type { StartedJob } from '../core/operator/started-job.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import { scheduleOperations } from '../scheduling/schedule-operations.ts'
import type { SchedulingBatch } from '../scheduling/scheduler.ts'
import { createPlaces, type Placed } from './places.ts'
import type { ExecutionPool, PooledFire, PooledLaunch, TriggerOrder } from './execution-pool.ts'

export interface LocalPoolOptions {
  /** What `createBatch` answers. */
  readonly batch: SchedulingBatch
  /** Those that may be triggered. @default none */
  readonly schedules?: readonly ScheduleDefinition[]
  /** So many executions at once. @default 10 */
  readonly limit?: number
}

const DEFAULT_LIMIT = 10

/** Whoever makes it drains it, before the batch is closed. @throws BatchError INVALID_CONFIGURATION */
export function localPool({ batch, schedules = [], limit = DEFAULT_LIMIT }: LocalPoolOptions): ExecutionPool {
  if (!Number.isSafeInteger(limit) || limit < 1) throw wrongLimit(limit)
  const { operator } = batch
  const places = createPlaces(limit)
  return {
    limit,
    active: places.taken,
    launch: (order) => places.run(async () => answered(await operator.launch(order))),
    restart: ({ jobExecutionId, ...order }) =>
      places.run(async () =>
        startedIn(await operator.restart(jobExecutionId, { ...order, runner: 'server' })),
      ),
    redrive: ({ jobExecutionId, selection, ...order }) =>
      places.run(async () =>
        startedIn(await operator.redrive(jobExecutionId, selection, { ...order, runner: 'server' })),
      ),
    trigger: (order) => places.run(() => fire(batch, schedules, order)),
    drain: places.drain,
    abort: places.abort,
  }
}

function answered(answer: LaunchAnswer): Placed<PooledLaunch> {
  return answer.outcome === 'started' ? startedIn(answer.started) : { answer }
}

function startedIn(started: StartedJob): Placed<PooledLaunch> {
  const { execution, restartOf, recovered, leftBehind } = started
  return {
    started,
    answer: { outcome: 'started', execution, restartOf, recovered, leftBehind: leftBehind?.id ?? null },
  }
}

async function fire(
  batch: LocalPoolOptions['batch'],
  schedules: readonly ScheduleDefinition[],
  { schedule, slot, ...asked }: TriggerOrder,
): Promise<Placed<PooledFire>> {
  const operations = scheduleOperations(batch, schedules, { now: () => slot })
  const fired = await operations.trigger(schedule, { ...asked, runner: 'server' })
  if (fired.outcome !== 'FIRED') return { answer: { outcome: fired.outcome, detail: reasonOf(fired) } }
  const { started } = fired
  return { started, answer: { outcome: 'FIRED', execution: started.execution } }
}

function reasonOf(fired: Exclude<Fired, { readonly outcome: 'FIRED' }>): string {
  switch (fired.outcome) {
    case 'taken':
      return `its slot was fired by ${fired.fire.firedBy}`
    case 'left':
      return fired.reason
    default:
      return fired.detail
  }
}

function wrongLimit(limit: number): BatchError {
  return new BatchError('INVALID_CONFIGURATION', `limit is ${limit}; it must be a whole number from 1 on.`, {
    details: { limit },
  })
}
