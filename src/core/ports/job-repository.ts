/** Every durable read and write of the framework. The Postgres and the in-memory repository pass one contract suite. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { DefinitionFingerprint } from '../model/definition-fingerprint.ts'
import type { ExecutionContext, StoredContext } from '../model/execution-context.ts'
import type { ExecutionOwner, OwnerIdentity } from '../model/execution-owner.ts'
import type { ExitStatus } from '../model/exit-status.ts'
import type { JobExecution, JobExecutionDetails } from '../model/job-execution.ts'
import type { JobInstance } from '../model/job-instance.ts'
import type { JobParameters } from '../model/job-parameters.ts'
import type { Partition } from '../model/partition.ts'
import type { OperatorAction } from '../model/operator-action.ts'
import type { QuarantinedItem } from '../model/quarantined-item.ts'
import type { StepCounts, StepExecution, StepReconciliation } from '../model/step-execution.ts'
import type { QuarantineSelection, QuarantineStore, RedriveTarget } from './quarantine-store.ts'
import type { ResourceKey, Resources, Transaction } from './resource.ts'

export interface JobRepository {
  /** For explanations: `postgres localhost:5432/app, schema public, prefix batch_`. No secrets. */
  readonly description: string
  /** Lent outside transactions. */
  readonly resources: Resources
  /** Whether a chunk's transaction will have this resource. */
  readonly transactionHas: (key: ResourceKey<unknown>) => boolean

  /**
   * In one transaction: finds or creates the instance, locks it, shows its latest execution to `decide`, and does what
   * the verdict says. Of two launches of one instance, one waits for the other. A refusal changes nothing.
   * @throws the verdict's error when it is a refusal.
   */
  readonly launch: (request: LaunchRequest) => Promise<Launched>
  /**
   * A launch of an instance that is new: in its transaction, which no other of the same job can overlap, `next` gives the
   * parameters. Where the instance that they name is there already, `next` is asked again.
   */
  readonly launchNext: (request: NextLaunchRequest) => Promise<Launched>

  /**
   * In one transaction: makes a batch of whatever is `due` and redrivable in the selection, and launches its redrive. Of two
   * that ask for the same entry, one gets it.
   * @returns undefined where nothing is due; then nothing was changed. @throws as `launch`
   */
  readonly launchRedrive: (request: RedriveRequest) => Promise<LaunchedRedrive | undefined>

  /** STARTING → STARTED, with the start time. @throws BatchError LEASE_LOST */
  readonly startJobExecution: (claim: Claim) => Promise<void>
  /**
   * Writes the end, and the job's context. A stop asked for at the last moment does not undo an end.
   * @throws BatchError LEASE_LOST, REPOSITORY_UNAVAILABLE with `details.outcome` 'unknown' where it may be written
   */
  readonly endJobExecution: (claim: Claim, end: JobEnd) => Promise<void>
  /** Inserts the step row together with its carried-over context. @throws BatchError LEASE_LOST */
  readonly beginStep: (claim: Claim, begin: StepBegin) => Promise<StepSession>

  /** The partitions of steps: their plans, and who works on them. */
  readonly partitions: PartitionStore
  /**
   * FAILED → ABANDONED, for a failed step whose failure the flow has dealt with: a restart does not run it again. One that
   * is ABANDONED already stays so. @throws BatchError LEASE_LOST
   */
  readonly abandonStep: (claim: Claim, stepExecutionId: string) => Promise<void>

  /** Renews the lease. Rejects when it is not answered in time. */
  readonly heartbeat: (claim: Claim, leaseMilliseconds: number) => Promise<HeartbeatAnswer>
  /**
   * Renews the lease three times in its length, from where a busy event loop cannot hold it up. Left out by a repository
   * that has no such place; then whoever runs the execution calls {@link heartbeat}.
   */
  readonly keepBeating?: (claim: Claim, leaseMilliseconds: number, listener: BeatListener) => Beating
  /** Records that a live execution shall stop (STOPPING); its owner sees it at the next commit or heartbeat. False if it is not live. */
  readonly requestStop: (jobExecutionId: string, by: string) => Promise<boolean>
  /**
   * In one transaction: locks the execution's instance, shows the execution to `decide`, and does what the verdict says. It is
   * then nobody's: the generation is raised, the sessions of its steps are ended. Of two at once one waits for the other.
   * @throws the verdict's error when it is a refusal.
   */
  readonly retire: (request: RetireRequest) => Promise<RetireOutcome>

  readonly findJobExecution: (jobExecutionId: string) => Promise<JobExecutionDetails | undefined>
  /** What was asked of an execution, oldest first; of one that Spring made, only what was asked through us. */
  readonly listOperatorActions: (jobExecutionId: string) => Promise<readonly OperatorAction[]>
  /** Newest first. */
  readonly listJobExecutions: (filter: ExecutionFilter) => Promise<readonly JobExecution[]>
  readonly listJobInstances: (filter: InstanceFilter) => Promise<readonly JobInstance[]>

  /**
   * A transaction with the resources of a chunk's, of which nothing is ever committed: for dry runs. Nothing is recorded. A
   * repository without it can rehearse no writes.
   */
  readonly openRehearsal?: () => Promise<Rehearsal>
  readonly quarantine: QuarantineStore

  /** Closes what the repository opened, never what it was given. */
  readonly close: () => Promise<void>
}

/** Proof that the caller is the owner: every write of an execution carries it, and the database compares. */
export interface Claim {
  readonly jobExecutionId: string
  readonly generation: string
}

export type HeartbeatAnswer =
  /** With the job execution's status: STOPPING when somebody asked it to stop. */
  | { readonly lease: 'held'; readonly jobStatus: BatchStatus }
  /** The execution was given to somebody else: stop at once, write nothing more. */
  | { readonly lease: 'lost' }

/** Both called as things happen, and never after `close`. */
export interface BeatListener {
  readonly onAnswer: (answer: HeartbeatAnswer) => void
  /** A beat has failed; it is tried again. */
  readonly onError: (error: Error) => void
}

export interface Beating {
  /** Milliseconds since the last beat that was answered was sent; Infinity before the first. True even when nobody could listen. */
  readonly silence: () => number
  readonly close: () => void
}

/** What every launch says. */
export interface LaunchTerms {
  readonly jobName: string
  readonly owner: OwnerIdentity
  readonly leaseMilliseconds: number
  /** Who asked, for the record. */
  readonly by: string
  /** Recorded with the execution, and shown to the decision about the next one. */
  readonly definition: DefinitionFingerprint
}

export interface LaunchRequest extends LaunchTerms {
  readonly jobKey: string
  readonly parameters: JobParameters
  /** Pure, and quick: it runs inside the transaction, while the instance is locked. */
  readonly decide: (latest: LatestExecution | undefined) => LaunchVerdict
}

export interface NextLaunchRequest extends LaunchTerms {
  /** Quick: it runs inside the transaction, while other launches of this kind wait. */
  readonly next: (last: LastInstance) => Promise<NextInstance>
}

export interface LastInstance {
  /** The latest execution of the job's newest instance; instances beside the sequence, such as redrives, do not count. */
  readonly execution: JobExecution | undefined
  /** Of the job's newest instance that has one, or of the one that `next` has named and that exists; zero if none has. */
  readonly runId: bigint
}

export interface NextInstance {
  readonly jobKey: string
  readonly parameters: JobParameters
}

export interface RetireRequest {
  readonly jobExecutionId: string
  /** Who asked, for the record; null for an owner that gives up its own, which is not recorded. */
  readonly by: string | null
  /** Pure, and quick: it runs inside the transaction, and again where the execution changes meanwhile. */
  readonly decide: (found: ExecutionAtHand) => RetireVerdict
}

export interface ExecutionAtHand extends LatestExecution {
  /** Steps that look as if they still ran, or whose outcome is UNKNOWN. */
  readonly openSteps: number
  /** The id of the instance's latest execution, where that is another. */
  readonly followedBy: string | null
}

export type RetireVerdict =
  /** End the execution and its open steps; one that has FAILED stays as it ended. */
  | { readonly action: 'close'; readonly status: 'FAILED' | 'STOPPED'; readonly reason: string }
  /** An ended execution becomes ABANDONED. */
  | { readonly action: 'abandon' }
  | { readonly action: 'leave' }
  | { readonly action: 'refuse'; readonly error: Error }

export type RetireOutcome = 'closed' | 'abandoned' | 'left' | 'not-found'

/** The instance's execution with the greatest id. */
export interface LatestExecution {
  readonly execution: JobExecution
  /** Null when Spring made it. */
  readonly owner: ExecutionOwner | null
  /** As it was launched with. Null when it was not recorded: by Spring, or in a layout that is not known here. */
  readonly definition: DefinitionFingerprint | null
  /** The latest status of each step that the instance has begun, by name, without partitions. */
  readonly stepStatuses: ReadonlyMap<string, BatchStatus>
}

export type LaunchVerdict =
  | { readonly action: 'start' }
  | { readonly action: 'restart' }
  /** The latest execution's owner is dead: close it and its steps as FAILED, raise the generation, then restart. */
  | { readonly action: 'recover-and-restart'; readonly reason: string }
  | { readonly action: 'refuse'; readonly error: Error }

export interface Launched {
  /** STARTING; on a restart with the context of the execution it continues. */
  readonly execution: JobExecution
  readonly claim: Claim
  /** The id of the execution it continues. */
  readonly restartOf: string | null
  /** The id of the execution that was closed as FAILED because its owner was dead. */
  readonly recovered: string | null
  /** By step name, without partitions; empty for a first execution. */
  readonly previousSteps: ReadonlyMap<string, PreviousStep>
  /** Of `launchNext`: the latest execution of the instance that this one comes after. */
  readonly after?: JobExecution
}

export interface RedriveRequest {
  readonly jobName: string
  /** Only entries of this execution are taken. */
  readonly originJobExecutionId: string
  readonly selection: QuarantineSelection
  readonly redrivable: readonly RedriveTarget[]
  /** The origin's, with which the redrive begins. */
  readonly executionContext: StoredContext
  /** Pure, and quick, as `LaunchRequest.decide`. */
  readonly launch: (batchId: string) => Omit<LaunchRequest, 'decide'>
}

export interface LaunchedRedrive {
  readonly batchId: string
  readonly items: number
  /** Those that have any of them. */
  readonly stepNames: readonly string[]
  readonly launched: Launched
}

export interface PreviousStep {
  /** The latest execution of this step in the instance. */
  readonly last: StepExecution
  /** False when the execution it belongs to was made by Spring. */
  readonly ours: boolean
  /** How often it was begun over the whole instance. */
  readonly startCount: number
  /** Summed over the executions since the step last COMPLETED: zero when that is its latest one. */
  readonly counts: StepCounts
  /** Set where Spring made one of them, which counts the reads of chunks that were rolled back. */
  readonly withSpring?: true
}

export interface JobEnd {
  readonly status: Extract<BatchStatus, 'COMPLETED' | 'STOPPED' | 'FAILED'>
  readonly exitStatus: ExitStatus
  readonly executionContext: ExecutionContext
}

export interface StepBegin {
  readonly stepName: string
  readonly executionContext: ExecutionContext
}

export interface StepEnd {
  readonly status: Extract<BatchStatus, 'COMPLETED' | 'STOPPED' | 'FAILED'>
  readonly exitStatus: ExitStatus
  readonly counts: StepCounts
  readonly executionContext: ExecutionContext
  /** Recorded with the end of a chunk step that has read everything. */
  readonly reconciliation?: StepReconciliation
  /** The job's context is saved with the step's end, as Spring does. Left out, it stays as it is. */
  readonly jobExecutionContext?: ExecutionContext
}

/** One step execution at work, with the connection that its transactions use. Calls never overlap. */
export interface StepSession {
  /** As inserted, STARTED. */
  readonly stepExecution: StepExecution
  /**
   * One transaction: `work` and the step's counts and context, under the check of lease and version. On any error
   * everything is rolled back and the error of `work` comes first.
   *
   * With `pipelined` the metadata and the COMMIT are sent without waiting for `work` (see `ItemSink.pipelined`).
   * @throws BatchError LEASE_LOST, OPTIMISTIC_LOCK_FAILED, or what `work` threw. `details.outcome` of a BatchError is
   *   'committed' where a pipelined work failed too late: what it wrote stands, and the step goes no further.
   */
  readonly commit: (chunk: ChunkCommit) => Promise<CommitAnswer>
  /** Writes the step's end. @throws BatchError LEASE_LOST */
  readonly end: (end: StepEnd) => Promise<void>
  /** Gives the connection back for as long as the step only waits; the next call takes another. */
  readonly rest?: () => Promise<void>
  /** Gives the connection back. Always called, once. */
  readonly close: () => Promise<void>
}

export interface Rehearsal {
  readonly transaction: Transaction
  /** Rolls everything back. Called once. */
  readonly close: () => Promise<void>
}

export interface ChunkCommit {
  readonly work: (transaction: Transaction) => Promise<void>
  readonly pipelined: boolean
  /** Asked after `work` (when pipelined: after `work` was begun). Totals of this step execution, not differences. */
  readonly progress: () => StepProgress
}

export interface StepProgress {
  readonly counts: StepCounts
  readonly executionContext: ExecutionContext
  /** The items that this chunk skips: recorded in its transaction. @default none */
  readonly quarantined?: readonly QuarantinedItem[]
  /** How far a redrive has come: recorded in the same transaction. @default none */
  readonly redriven?: RedrivenEntries
}

/** The entries of the step in this batch, up to and with this id, have been dealt with. */
export interface RedrivenEntries {
  readonly batchId: string
  readonly upTo: string
}

export interface CommitAnswer {
  /** The job execution's status, read in the same transaction: STOPPING when somebody asked it to stop. */
  readonly jobStatus: BatchStatus
}

export interface ExecutionFilter {
  readonly jobName?: string
  readonly jobInstanceId?: string
  readonly statuses?: readonly BatchStatus[]
  readonly limit: number
  /** Only executions with a smaller id: pass the last id of the page before. */
  readonly before?: string
}

export interface InstanceFilter {
  readonly jobName?: string
  readonly limit: number
  readonly before?: string
}

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
