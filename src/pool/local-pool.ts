/** Runs what it is asked to launch in this process: for handlers that are mounted in an application, and for tests. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import type { SchedulingBatch } from '../scheduling/scheduler.ts'
import { type AnsweringBatch, launch, redrive, restart, trigger } from './answer-request.ts'
import type { ExecutionPool } from './execution-pool.ts'
import { createPlaces } from './places.ts'

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
  const places = createPlaces(limit)
  const here: AnsweringBatch = { operator: batch.operator, schedules }
  return {
    limit,
    active: places.taken,
    launch: (order) => places.run(() => launch(here, order)),
    restart: (order) => places.run(() => restart(here, order)),
    redrive: (order) => places.run(() => redrive(here, order)),
    trigger: (order) => places.run(() => trigger(here, order)),
    drain: places.drain,
    abort: places.abort,
  }
}

function wrongLimit(limit: number): BatchError {
  return new BatchError('INVALID_CONFIGURATION', `limit is ${limit}; it must be a whole number from 1 on.`, {
    details: { limit },
  })
}
