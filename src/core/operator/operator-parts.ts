/** What the operator is made of. */
import type { ChildLauncher } from '../engine/child-launcher.ts'
import type { OwnerIdentity } from '../model/execution-owner.ts'
import type { Clock } from '../ports/clock.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Logger } from '../ports/logger.ts'
import type { Tracing } from '../ports/tracing.ts'
import type { WorkerProcesses } from '../ports/worker-processes.ts'
import type { JobRegistry } from './job-registry.ts'
import type { ProcessState } from './owner-death.ts'

export interface OperatorParts {
  readonly repository: JobRepository
  readonly registry: JobRegistry
  readonly logger: Logger
  readonly leaseMilliseconds: number
  readonly clock: Clock
  readonly owner: OwnerIdentity
  /** Who asks, where the caller gives no name. */
  readonly by: string
  readonly processState: ProcessState
  /** Undefined where steps cannot run other jobs. */
  readonly launchChild?: ChildLauncher
  /** Undefined where nobody traces. */
  readonly tracing?: Tracing
  /** For partitioned steps that ask for worker processes. */
  readonly workerProcesses?: WorkerProcesses
  /** A repository for one dry run. */
  readonly rehearsalOf: (repository: JobRepository) => JobRepository
}
