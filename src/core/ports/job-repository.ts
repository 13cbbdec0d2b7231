/** Every durable read and write of the framework. The Postgres and the in-memory repository pass one contract suite. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { ExecutionContext } from '../model/execution-context.ts'
import type { ExitStatus } from '../model/exit-status.ts'
import type { JobExecutionDetails, JobExecutionSummary } from '../model/job-execution.ts'
import type { JobInstance } from '../model/job-instance.ts'
import type { TriggerType } from '../model/launch-facts.ts'
import type { OperatorAction } from '../model/operator-action.ts'
import type {
  KeyedLaunch,
  Launched,
  LaunchedRedrive,
  LaunchKey,
  LaunchRequest,
  NextLaunchRequest,
  RedriveRequest,
} from './launch.ts'
import type { EventStore } from './event-store.ts'
import type {
  HourFigures,
  HourlyRequest,
  JobStatistics,
  RepositoryFacts,
  StatisticsRequest,
  TypicalRun,
} from './job-figures.ts'
import type { BeatListener, Beating, Claim, HeartbeatAnswer } from './lease.ts'
import type { PartitionStore } from './partition-store.ts'
import type { PurgedPart, PurgeRequest } from './purge.ts'
import type { QuarantineStore } from './quarantine-store.ts'
import type { ResourceKey, Resources } from './resource.ts'
import type { RetireOutcome, RetireRequest } from './retirement.ts'
import type { ScheduleStore } from './schedule-store.ts'
import type { WebhookStore } from './webhook-store.ts'
import type { StepSample } from './step-sample.ts'
import type { Rehearsal, StepBegin, StepSession } from './step-session.ts'

export interface JobRepository {
  /** For explanations: `postgres localhost:5432/app, schema public, prefix batch_`. No secrets. */
  readonly description: string
  /**
   * The lease for which its sessions are made: they end idle transactions and notice dead peers before it is over. Left out
   * where nothing depends on it.
   */
  readonly leaseMilliseconds?: number
  /**
   * Whether it can be reached and takes writes, and its tables are those of this version, in one quick statement.
   * @throws BatchError REPOSITORY_UNAVAILABLE, SCHEMA_OUTDATED, SCHEMA_REFUSED
   */
  readonly checkTables: () => Promise<void>
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
   * One of those two, recorded with a key: where the key is known, its execution is the answer, and nothing is decided or changed. Of
   * many with one key one launches, and the others wait for it. A refusal uses no key up; a purge of the execution frees it.
   * @throws as `launch`; BatchError IDEMPOTENCY_KEY_REUSED where the key is that of another request
   */
  readonly launchOnce: (request: LaunchRequest | NextLaunchRequest, key: LaunchKey) => Promise<KeyedLaunch>

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
  /**
   * Records that a live execution shall stop (STOPPING); its owner sees it at the next commit or heartbeat. Of one that was interrupted
   * and is STOPPED: that nobody shall continue it. False if there is nothing to stop.
   */
  readonly requestStop: (jobExecutionId: string, by: string) => Promise<boolean>
  /**
   * Records that the process of a live execution ends, and that it is to be continued by another: before it is stopped, so that a
   * kill in between loses nothing. Of one that has ended nothing is recorded.
   */
  readonly noteInterruption: (jobExecutionId: string, by: string) => Promise<void>
  /**
   * Executions that are STOPPED because their process ended, the latest of their instances, oldest first; without those that
   * somebody had asked to stop, and without the ids of `except`.
   */
  readonly listInterrupted: (except?: ReadonlySet<string>) => Promise<readonly JobExecutionSummary[]>
  /**
   * How many of an instance's latest executions, one behind the other, have lost their process: were recovered, or are live by their
   * status, of which only a process that finds it dead makes a death. One that has ended in whatever other way breaks the row.
   */
  readonly countDeaths: (jobInstanceId: string) => Promise<number>
  /**
   * In one transaction: locks the execution's instance, shows the execution to `decide`, and does what the verdict says. It is
   * then nobody's: the generation is raised, the sessions of its steps are ended. Of two at once one waits for the other.
   * @throws the verdict's error when it is a refusal.
   */
  readonly retire: (request: RetireRequest) => Promise<RetireOutcome>

  readonly findJobExecution: (jobExecutionId: string) => Promise<JobExecutionDetails | undefined>
  /**
   * How far a step execution had come at moments of its run, oldest first, about 300 at most: `SampleMark` thins them out. None where
   * there is no such step.
   */
  readonly listSamples: (stepExecutionId: string) => Promise<readonly StepSample[]>
  /** What was asked of an execution, oldest first; of one that Spring made, only what was asked through us. */
  readonly listOperatorActions: (jobExecutionId: string) => Promise<readonly OperatorAction[]>
  /** Newest first, without their contexts. */
  readonly listJobExecutions: (filter: ExecutionFilter) => Promise<readonly JobExecutionSummary[]>
  /** Newest first. */
  readonly listJobInstances: (filter: InstanceFilter) => Promise<readonly JobInstance[]>
  /** The same instances, each with its latest execution. */
  readonly listInstanceOverviews: (filter: InstanceFilter) => Promise<readonly InstanceOverview[]>
  readonly jobStatistics: (request: StatisticsRequest) => Promise<JobStatistics>
  /** Hours in UTC in which anything began or ended, oldest first. */
  readonly hourlyFigures: (request: HourlyRequest) => Promise<readonly HourFigures[]>
  /** Of at most so many executions, those of the newest instances, of which a thousand are looked at. */
  readonly typicalRun: (jobName: string, executions: number) => Promise<TypicalRun>
  /** For monitoring: meant to be asked every few seconds. */
  readonly jobFacts: () => Promise<RepositoryFacts>

  /**
   * A transaction with the resources of a chunk's, of which nothing is ever committed: for dry runs. Nothing is recorded. A
   * repository without it can rehearse no writes.
   */
  readonly openRehearsal?: () => Promise<Rehearsal>
  readonly quarantine: QuarantineStore
  /** The fire ledger. */
  readonly schedules: ScheduleStore
  /** What has happened: every start, end, recovery and abandonment of ours, whatever process did it, and slots that were missed. */
  readonly events: EventStore
  /** The outbox of webhooks. */
  readonly webhooks: WebhookStore

  /** Of every job that has an instance, in their order. */
  readonly listJobNames: () => Promise<readonly string[]>
  /**
   * In one transaction: deletes instances of a job that are over, with all their executions and whatever belongs to those.
   * Never one that is live, or that somebody launches at the moment.
   */
  readonly purge: (request: PurgeRequest) => Promise<PurgedPart>

  /** Closes what the repository opened, never what it was given. */
  readonly close: () => Promise<void>
}

export interface JobEnd {
  readonly status: Extract<BatchStatus, 'COMPLETED' | 'STOPPED' | 'FAILED'>
  readonly exitStatus: ExitStatus
  readonly executionContext: ExecutionContext
}

/** All that is given has to hold. */
export interface ExecutionFilter {
  readonly jobName?: string
  readonly jobInstanceId?: string
  readonly statuses?: readonly BatchStatus[]
  readonly trigger?: TriggerFilter
  /** Only the latest executions of instances that wait for somebody: FAILED, STOPPED, UNKNOWN or stale. */
  readonly attention?: true
  readonly createdFrom?: Date
  /** Created before then. */
  readonly createdUntil?: Date
  /** Found by its parameters or its exit description: the rule is `isFoundBy` of search-text. */
  readonly text?: string
  readonly limit: number
  /** Only executions with a smaller id: pass the last id of the page before. */
  readonly before?: string
}

export interface TriggerFilter {
  readonly type: TriggerType
  readonly name?: string
}

export interface InstanceFilter {
  readonly jobName?: string
  readonly limit: number
  readonly before?: string
}

export interface InstanceOverview {
  readonly jobInstance: JobInstance
  readonly executions: number
  /** Null where it has none. */
  readonly latest: JobExecutionSummary | null
}
