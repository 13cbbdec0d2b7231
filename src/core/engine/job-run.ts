/** What a job's runner works with: one launched execution and everything it needs to end it. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Launched } from '../ports/launch.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { WorkerProcesses } from '../ports/worker-processes.ts'
import type { RunObserver } from '../ports/run-observer.ts'
import type { SpanParent } from '../ports/tracing.ts'
import type { ChildLauncher } from './child-launcher.ts'
import type { RunControl } from './run-control.ts'
import type { SharedContext } from './shared-context.ts'
import type { StepHistory } from './step-history.ts'

export interface JobRun {
  readonly job: JobDefinition
  /** As the job's schema parsed them. */
  readonly parameters: unknown
  readonly launched: Launched
  readonly repository: JobRepository
  readonly leaseMilliseconds: number
  readonly clock: Clock
  readonly jobContext: SharedContext
  readonly history: StepHistory
  /** Whether changes since the execution that is continued are no reason to refuse. @default false */
  readonly acceptChanges?: boolean
  readonly control: RunControl
  /** Undefined where nobody has said which module a worker process loads. */
  readonly workerProcesses?: WorkerProcesses
  /** Undefined where steps cannot run other jobs. */
  readonly launchChild?: ChildLauncher
  readonly observer: RunObserver
  /** Under which its steps have their spans; undefined where nobody traces. */
  readonly spans?: SpanParent
  /** Bound to job and execution. */
  readonly logger: Logger
}
