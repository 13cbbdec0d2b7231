/** What is asked of a launch, and what it answers. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { DefinitionFingerprint } from '../model/definition-fingerprint.ts'
import type { StoredContext } from '../model/execution-context.ts'
import type { ExecutionOwner, OwnerIdentity } from '../model/execution-owner.ts'
import type { JobExecution } from '../model/job-execution.ts'
import type { JobParameters } from '../model/job-parameters.ts'
import type { LaunchFacts } from '../model/launch-facts.ts'
import type { StepCounts, StepExecution } from '../model/step-execution.ts'
import type { Claim } from './lease.ts'
import type { QuarantineSelection, RedriveTarget } from './quarantine-store.ts'

/** What every launch says. */
export interface LaunchTerms {
  readonly jobName: string
  readonly owner: OwnerIdentity
  readonly leaseMilliseconds: number
  /** Who asked, for the record. */
  readonly by: string
  /** Recorded with the execution, and shown to the decision about the next one. */
  readonly definition: DefinitionFingerprint
  readonly facts: LaunchFacts
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

/** By which a launch is known when it is asked for again. */
export interface LaunchKey {
  /** Each has keys of its own. */
  readonly caller: string
  readonly key: string
  /** Of everything that was asked for. */
  readonly requestHash: string
}

export type KeyedLaunch =
  | { readonly outcome: 'launched'; readonly launched: Launched }
  /** The execution that was launched with the key, as it is now. */
  | { readonly outcome: 'replayed'; readonly execution: JobExecution; readonly restartOf: string | null }

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
