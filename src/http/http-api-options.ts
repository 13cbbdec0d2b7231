/** What an HTTP API is made of. */
import type { Clock } from '../core/ports/clock.ts'
import type { ExecutionPool } from '../pool/execution-pool.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import type { SchedulingBatch } from '../scheduling/scheduler.ts'
import type { AccessToken } from './auth/access-token.ts'

export interface HttpApiOptions {
  /** What `createBatch` answers. */
  readonly batch: SchedulingBatch
  /** Where launches run. Whoever made it drains it. */
  readonly pool: ExecutionPool
  /** @default none */
  readonly schedules?: readonly ScheduleDefinition[]
  /** Who may come. Where there are any, nobody comes without one. */
  readonly tokens?: readonly AccessToken[]
  /**
   * Says that whoever listens listens on loopback only: then no tokens are needed. Requests by another host name, and those that a
   * page of another site makes, are refused. `anywhere`: whoever reaches it may do everything, and something else guards it.
   */
  readonly anonymous?: 'loopback' | 'anywhere'
  /** Names, or parts of names, of parameters and context keys whose values are shown as `***`. @default DEFAULT_MASK */
  readonly mask?: readonly string[]
  readonly metrics?: MetricsSource
  /** What `/readyz` asks besides the repository. */
  readonly readiness?: readonly ReadinessCheck[]
  /** Aborted when the server begins to end: long polls are answered, streams are ended, `/readyz` says no. */
  readonly draining?: AbortSignal
  /** @default 262_144 */
  readonly maxBodyBytes?: number
  /** How often executions that somebody waits for are looked at. @default 500 */
  readonly pollMilliseconds?: number
  /** Event streams that may be open at the same time. @default 500 */
  readonly maxStreams?: number
  /** How often a silent stream sends a comment, so that nothing between takes it for dead. @default 15_000 */
  readonly heartbeatMilliseconds?: number
  /** What schedules and ages are told by. @default the machine's */
  readonly clock?: Pick<Clock, 'now'>
}

export interface MetricsSource {
  readonly text: () => Promise<string>
  readonly contentType: string
}

export interface ReadinessCheck {
  /** Shown in the answer, beside `database`, `schema` and `notEnding`. */
  readonly name: string
  /** Rejects where it is not so. The reason is logged, not shown. */
  readonly check: () => Promise<void>
}
