/** Where a server runs what it was asked to launch: at most so many executions at once, in this process or in others. */
import type { Trigger } from '../core/model/launch-facts.ts'
import type { JobExecution } from '../core/model/job-execution.ts'
import type { LaunchOrder } from '../core/operator/launch-order.ts'
import type { QuarantineSelection } from '../core/ports/quarantine-store.ts'
import type { TraceContext } from '../core/ports/tracing.ts'

export interface ExecutionPool {
  /** So many at once; whoever comes beyond is refused, and nothing of it is kept. */
  readonly limit: number
  /** At work, or about to be launched. */
  readonly active: () => number
  /** @throws BatchError AT_CAPACITY, SERVER_DRAINING, WORKER_PROCESS_DIED, and as `JobOperator.launch` */
  readonly launch: (order: LaunchOrder) => Promise<PooledLaunch>
  /** @throws BatchError as `launch`, and as `JobOperator.restart` */
  readonly restart: (order: RestartOrder) => Promise<PooledLaunch>
  /** @throws BatchError as `launch`, and as `JobOperator.redrive` */
  readonly redrive: (order: RedriveOrder) => Promise<PooledLaunch>
  /** Fires a slot of a schedule at once, as somebody who triggers it does. @throws BatchError as `launch`; NO_SUCH_SCHEDULE */
  readonly trigger: (order: TriggerOrder) => Promise<PooledFire>
  /**
   * Nothing is launched any more; what runs finishes its open chunk, within the grace if there is one, and ends as STOPPED. Resolves
   * when all have ended. Asking again waits too.
   */
  readonly drain: (reason: string, grace?: { readonly graceMilliseconds: number }) => Promise<void>
  /** Gives up what runs: open chunks are rolled back, executions end as FAILED. */
  readonly abort: (reason: string) => void
}

export interface RestartOrder {
  readonly jobExecutionId: string
  /** As `k=v` texts, of those that do not identify the instance. */
  readonly parameters: Readonly<Record<string, string>>
  readonly acceptChanges: boolean
  /** Refused with JOB_EXECUTION_FOLLOWED where another execution of the instance has followed this one. @default false */
  readonly latestOnly?: boolean
  readonly trigger: Trigger
  readonly by: string
  readonly traceContext?: TraceContext
}

export interface RedriveOrder {
  readonly jobExecutionId: string
  readonly selection: Omit<QuarantineSelection, 'jobExecutionId'>
  readonly trigger: Trigger
  readonly by: string
  readonly traceContext?: TraceContext
}

export interface TriggerOrder {
  readonly schedule: string
  readonly slot: Date
  readonly by: string
  readonly traceContext?: TraceContext
}

export type PooledLaunch =
  | {
      readonly outcome: 'started'
      readonly execution: JobExecution
      readonly restartOf: string | null
      readonly recovered: string | null
      /** Of a start of the next instance: the execution of the one before, where that is not complete. */
      readonly leftBehind: string | null
    }
  | { readonly outcome: 'existing'; readonly execution: JobExecution }
  | { readonly outcome: 'replayed'; readonly execution: JobExecution; readonly restartOf: string | null }

export type PooledFire =
  | { readonly outcome: 'FIRED'; readonly execution: JobExecution }
  /** Not launched; the ledger's row says so too, where one was written. */
  | { readonly outcome: string; readonly detail: string }
