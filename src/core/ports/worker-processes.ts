/** Starts processes that work on the partitions of a step, each loading the same project. */
import type { ExecutionContext } from '../model/execution-context.ts'
import type { JobExecution } from '../model/job-execution.ts'
import type { StepCounts } from '../model/step-execution.ts'
import type { Claim } from './lease.ts'
import type { CommittedChunk } from './run-observer.ts'
import type { TraceContext } from './tracing.ts'

export interface WorkerProcesses {
  readonly start: (assignment: WorkerAssignment, watch: WorkerWatch) => WorkerProcess
}

/** What a worker needs to know: it is sent as it stands, so it is data only. */
export interface WorkerAssignment {
  readonly claim: Claim
  /** With the recorded parameters, which the worker parses again. */
  readonly execution: JobExecution
  /** As the steps before have left it; that of `execution` is the one at its launch. */
  readonly jobContext: ExecutionContext
  readonly stepName: string
  readonly planId: string
  /** Partitions that this process works on at the same time. */
  readonly concurrency: number
  readonly leaseMilliseconds: number
  /** Whether a changed input is no reason to refuse to resume a partition. */
  readonly acceptChanges: boolean
  /** Of the step's span, where the run is traced. */
  readonly traceContext?: TraceContext
}

export interface WorkerWatch {
  /** It is registered, and may claim partitions from now on. */
  readonly began: (workerId: string) => void
  /** After commits, not after each: what this step execution has committed so far. */
  readonly progressed: (stepExecutionId: string, counts: StepCounts) => void
  /** As often as `progressed`: those since it was told last. */
  readonly chunksCommitted: (chunks: readonly CommittedChunk[]) => void
  /** A partition of its has come to an end, whatever end. */
  readonly partitionEnded: (status: 'COMPLETED' | 'STOPPED' | 'FAILED') => void
}

export interface WorkerProcess {
  readonly pid: number | undefined
  /** Resolves when the process is gone; never rejects. */
  readonly ended: Promise<WorkerProcessEnd>
  /** Finish the partitions at hand, claim no more, and end. */
  readonly drain: () => void
  /** Finish the open chunks and end. */
  readonly stop: (reason: string) => void
  /** Roll back the open chunks and end. */
  readonly abort: (reason: string) => void
  /** For one that does not answer. */
  readonly kill: () => void
}

export type WorkerProcessEnd =
  /** It found no more partitions to claim, or was told to end. */
  | { readonly kind: 'finished' }
  /** In words: `worker process 4711 was ended by SIGKILL`. */
  | { readonly kind: 'died'; readonly reason: string }
