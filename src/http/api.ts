/** What the operations of one server share. */
import type { JobOperator } from '../core/operator/job-operator.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ExecutionPool } from '../pool/execution-pool.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import type { ScheduleOperations } from '../scheduling/schedule-operations.ts'
import type { Sessions } from './auth/sessions.ts'
import type { Closing } from './closing.ts'
import type { EventFeed } from './event-feed.ts'
import type { ExecutionWatch } from './execution-watch.ts'
import type { MetricsSource } from './http-api-options.ts'
import type { Masking } from './masking.ts'
import type { LookWhetherReady } from './readiness.ts'
import type { Streams } from './streams.ts'

export interface Api {
  readonly operator: JobOperator
  readonly repository: JobRepository
  readonly logger: Logger
  readonly pool: ExecutionPool
  readonly schedules: readonly ScheduleDefinition[]
  readonly scheduling: ScheduleOperations
  readonly clock: Pick<Clock, 'now'>
  readonly masking: Masking
  readonly watch: ExecutionWatch
  readonly feed: EventFeed
  /** Undefined where everybody may come without. */
  readonly sessions: Sessions | undefined
  readonly closing: Closing
  readonly streams: Streams
  readonly lookWhetherReady: LookWhetherReady
  readonly metrics: MetricsSource | undefined
  readonly openApiDocument: () => Readonly<Record<string, unknown>>
}
