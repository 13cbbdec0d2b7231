/** The batch of a pool's process, made by the function that the server's project has named. */
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'

/**
 * What the function of a project's module answers. That is called once, with the server's argument and with what is to be told of
 * all launches and runs: the option `observations` of `createBatch`.
 */
export interface PoolBatch extends AsyncDisposable {
  readonly operator: JobOperator
  readonly repository: JobRepository
  readonly logger: Logger
  readonly schedules: readonly ScheduleDefinition[]
}

export function isPoolBatch(value: unknown): value is PoolBatch {
  return typeof value === 'object' && value !== null && 'operator' in value && 'schedules' in value
}
