/** The worker processes of a partitioned step: what they are told of their step, and what is known of each. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import type { Retired, Retirement } from '../../ports/partition-store.ts'
import type { WorkerProcess, WorkerProcesses } from '../../ports/worker-processes.ts'
import type { Logger } from '../../ports/logger.ts'
import type { JobRun } from '../job-run.ts'
import type { PartitionWatch } from './partition-tally.ts'

export interface Crew {
  readonly job: JobRun
  /** Bound to the step. */
  readonly logger: Logger
  readonly stepName: string
  readonly planId: string
  readonly definition: PartitionedStepDefinition
  readonly watch: PartitionWatch
  /** How many partitions are open: there are never more processes than that. */
  readonly open: number
  /** Aborted when no further partition is to be begun, by processes that take the place of others either. */
  readonly draining: AbortController
}

export interface CrewAtWork extends Crew {
  readonly processes: WorkerProcesses
  readonly members: Set<Member>
}

export interface Member {
  readonly process: WorkerProcess
  /** Resolves when its lease has run out, with the partitions that were taken from it. */
  readonly lost: Promise<void>
  readonly giveUp: () => void
  workerId: string | undefined
  hasWorked: boolean
}

/** A partition that has taken so many workers along is left FAILED: the next would die of it too. */
const ATTEMPTS = 3
/** Takes the partitions from workers that are gone. @throws BatchError LEASE_LOST */
export function retire(
  { job, planId }: Crew,
  workers: Retirement['workers'],
  reason: string,
): Promise<Retired> {
  const retirement = { planId, workers, reason, attempts: ATTEMPTS }
  return job.repository.partitions.retireWorkers(job.launched.claim, retirement)
}
