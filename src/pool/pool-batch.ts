/** The batch of a pool's process, made by the function that the server's project has named. */
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { Tell } from '../telemetry/observation.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'

/**
 * What a project's module exports for it: called once, with the server's argument and with what is to be told of all launches and
 * runs: an option of `createBatch`.
 */
export type OpenPoolBatch<A> = (argument: A, observations: Tell) => Promise<PoolBatch>

export interface PoolBatch extends AsyncDisposable {
  readonly operator: JobOperator
  readonly repository: JobRepository
  readonly logger: Logger
  readonly schedules: readonly ScheduleDefinition[]
}

export function isPoolBatch(value: unknown): value is PoolBatch {
  return typeof value === 'object' && value !== null && 'operator' in value && 'schedules' in value
}
