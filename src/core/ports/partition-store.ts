/** The partitions of steps: their plans, and who works on them. */
import type { OwnerIdentity } from '../model/execution-owner.ts'
import type { BatchStatus } from '../model/batch-status.ts'
import type { Partition } from '../model/partition.ts'
import type { PartitionOverview } from '../model/partition-overview.ts'
import type { StepCounts, StepExecution } from '../model/step-execution.ts'
import type { BeatListener, Beating, Claim, HeartbeatAnswer } from './lease.ts'
import type { Transaction } from './resource.ts'
import type { StepSession } from './step-session.ts'

/**
 * How the partitions of a step are planned, claimed and given up. Workers find each other here and nowhere else: one on
 * another machine needs the job's claim and this, and its life is judged by a lease that the repository's clock measures.
 */
export interface PartitionStore {
  /** Whether worker processes can take part; in a rehearsal they need not, whatever the step asks for. */
  readonly reach: 'this-process' | 'any-process' | 'rehearsal'

  /**
   * Stores the plan of the manager's step execution `planId`, in the transaction that commits its name in the manager's
   * context. A constant number of statements, however many partitions there are.
   */
  readonly storePlan: (
    transaction: Transaction,
    planId: string,
    partitions: readonly Partition[],
  ) => Promise<void>
  /** Whatever is not COMPLETED may be claimed again: the manager's call, before its workers begin. @throws BatchError LEASE_LOST */
  readonly openPlan: (claim: Claim, planId: string) => Promise<PlanTally>

  /** Answers the worker's id. Without a lease it lives as long as the execution's owner. @throws BatchError LEASE_LOST */
  readonly beginWorker: (
    claim: Claim,
    worker: OwnerIdentity,
    leaseMilliseconds: number | null,
  ) => Promise<string>
  /** `lost` also for a worker that was retired: what it has not committed is somebody else's. */
  readonly beatWorker: (claim: Claim, workerId: string, leaseMilliseconds: number) => Promise<HeartbeatAnswer>
  /** As `JobRepository.keepBeating`, for a worker's lease; left out where that is. */
  readonly keepWorkerBeating?: (
    claim: Claim,
    workerId: string,
    leaseMilliseconds: number,
    listener: BeatListener,
  ) => Beating
  /**
   * Takes the next open partition and begins its step execution, STARTED, with the context of its last one. Of two
   * workers each gets another partition, and neither waits. Undefined where none is open.
   * @throws BatchError LEASE_LOST, also for a worker that was retired
   */
  readonly claimPartition: (claim: Claim, from: PartitionClaim) => Promise<ClaimedPartition | undefined>
  /**
   * Takes their partitions from workers that are gone: ends their sessions, closes their step executions as FAILED with a
   * raised version, so that nothing of theirs can be committed any more, and opens the partitions again. One that has been
   * begun `attempts` times in this job execution stays FAILED.
   * @throws BatchError LEASE_LOST
   */
  readonly retireWorkers: (claim: Claim, retirement: Retirement) => Promise<Retired>

  /** In the order of the plan; of the executions, those in this job execution are counted apart. No claim is needed. */
  readonly findPartitions: (planId: string, jobExecutionId: string) => Promise<readonly PartitionState[]>
  /** The same in sums: an answer of the same size, however many partitions there are. */
  readonly findPlanState: (planId: string, jobExecutionId: string) => Promise<PlanState>

  /** Of each partitioned step of which partitions were begun in this job execution. */
  readonly listPartitionOverviews: (jobExecutionId: string) => Promise<readonly PartitionOverview[]>
  /** In the order in which they were begun. */
  readonly listPartitionExecutions: (filter: PartitionExecutionFilter) => Promise<readonly StepExecution[]>
}

export interface PartitionExecutionFilter {
  readonly jobExecutionId: string
  /** Only of this step that was partitioned. @default all */
  readonly stepName?: string
  /** @default all */
  readonly statuses?: readonly BatchStatus[]
  readonly limit: number
  /** Only those with a greater id: pass the last id of the page before. */
  readonly after?: string
}

export interface PlanTally {
  readonly total: number
  readonly completed: number
}

export interface PartitionClaim {
  readonly planId: string
  /** The manager's. */
  readonly stepName: string
  readonly workerId: string
}

export interface ClaimedPartition {
  readonly partition: Partition
  readonly session: StepSession
  /** Of this partition over all its earlier executions. */
  readonly earlierCounts: StepCounts
}

export interface Retirement {
  readonly planId: string
  /** One by its id, or all whose lease has run out by the repository's clock. */
  readonly workers: { readonly workerId: string } | 'expired'
  /** Recorded as the exit description of what they had begun. */
  readonly reason: string
  readonly attempts: number
}

export interface Retired {
  readonly workerIds: readonly string[]
  /** How many partitions may be claimed again. */
  readonly reopened: number
}

/** So many partitions are named, however many there are. */
export const NAMED_PARTITIONS = 100

/** Names are the first {@link NAMED_PARTITIONS} in the order of the plan. */
export interface PlanState {
  readonly total: number
  /** Their latest execution has failed, and nobody begins them again in this job execution. */
  readonly failed: { readonly count: number; readonly names: readonly string[]; readonly firstReason: string }
  /** Their latest execution, if there is one, has not completed; the failed ones included. */
  readonly incomplete: { readonly count: number; readonly names: readonly string[] }
  /** Each once, of the latest executions. */
  readonly exitCodes: readonly string[]
  /** Over all executions of all partitions. */
  readonly counts: StepCounts
  /** Over those in the job execution that was asked for. */
  readonly countsHere: StepCounts
}

export interface PartitionState extends Partition {
  /** May be claimed: nobody has begun it in this job execution, or who had is gone. */
  readonly isOpen: boolean
  /** Its latest execution; null where it was never begun. */
  readonly last: StepExecution | null
  /** Over all its executions. */
  readonly counts: StepCounts
  /** Over those in the job execution that was asked for. */
  readonly countsHere: StepCounts
}
