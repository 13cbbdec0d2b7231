/** What a project's `batchwright.config.ts` says: which jobs there are, and where their executions are recorded. */
import type { AnyJob } from '../create-batch.ts'
import type { Continuation } from '../pool/continue-executions.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Tracing } from '../core/ports/tracing.ts'
import type { ScheduleDefinition } from '../scheduling/define-schedule.ts'
import type { WebhookConfig } from '../webhooks/webhook-config.ts'

export interface BatchwrightConfig {
  /** A function is called only by commands that need the jobs. */
  readonly jobs: readonly AnyJob[] | (() => readonly AnyJob[] | Promise<readonly AnyJob[]>)
  /** What `defineSchedule` returns. A function is called only by commands that need them. @default none */
  readonly schedules?:
    | readonly ScheduleDefinition[]
    | (() => readonly ScheduleDefinition[] | Promise<readonly ScheduleDefinition[]>)
  /** Who is told of what happens, by `batchwright scheduler` and `batchwright serve`. @default nobody */
  readonly webhooks?: readonly WebhookConfig[]
  /**
   * `memory` forgets everything when the process ends. A function makes a repository of your own, which the command
   * closes. @default the database of `DATABASE_URL`, else the embedded Postgres
   */
  readonly repository?: 'memory' | RepositoryConfig | (() => JobRepository | Promise<JobRepository>)
  /** After how many milliseconds without a heartbeat an execution may be taken over. @default 30_000 */
  readonly leaseMilliseconds?: number
  /** `true`: OpenTelemetry's, by whatever SDK the process has set up. @default none */
  readonly tracing?: boolean | Tracing
  /** Of `batchwright serve`; its options come before these. */
  readonly server?: ServerConfig
  /** Of what the framework and the jobs' `logger` write to standard error. @default 'warn' */
  readonly logLevel?: LogLevel
}

export interface ServerConfig {
  /** 0 takes a free one. @default 8080 */
  readonly port?: number
  /** Any other than a loopback address needs tokens. @default '127.0.0.1' */
  readonly host?: string
  /** How many executions at once, each in a process of its own. @default 4 */
  readonly concurrency?: number
  /** What becomes of executions that were stopped because a server ended. @default 'restart' */
  readonly onStopped?: Continuation
  /** What becomes of executions whose process has died. Left, they are closed as FAILED. @default 'restart' */
  readonly onRecovered?: Continuation
  /** Made with `batchwright token create`, from the config's folder. Also BATCHWRIGHT_TOKENS_FILE. @default no tokens */
  readonly tokensFile?: string
  /** Names, or parts of names, of parameters and context keys whose values are not shown. @default password, secret, token … */
  readonly mask?: readonly string[]
}

export interface RepositoryConfig {
  /** `postgres://user:password@host:5432/database`. The environment's `BATCHWRIGHT_DATABASE_URL` comes before it. */
  readonly connection?: string
  /** @default 'public' */
  readonly schema?: string
  /** In lower case. @default 'batch_' */
  readonly tablePrefix?: string
  /** Connections for writers and callbacks. Each step and partition at work has one besides, and a Postgres reader another. @default 10 */
  readonly poolSize?: number
  /** Where the embedded Postgres keeps its data, from the config's folder. @default '.batchwright/postgres' */
  readonly directory?: string
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Gives the config its types; it changes nothing. */
export function defineConfig(config: BatchwrightConfig): BatchwrightConfig {
  return config
}
