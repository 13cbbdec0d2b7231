/** One attempt at one step: its status, its counts and its context. */
import type { BatchStatus } from './batch-status.ts'
import type { StoredContext } from './execution-context.ts'
import type { ExitStatus } from './exit-status.ts'

/** Spring's eight counts. When a step has ended well, `readCount = writeCount + filterCount + processSkipCount + writeSkipCount`. */
export interface StepCounts {
  readonly readCount: number
  readonly writeCount: number
  /** Items that the processor filtered: read, wanted by nobody. */
  readonly filterCount: number
  readonly readSkipCount: number
  readonly processSkipCount: number
  readonly writeSkipCount: number
  readonly commitCount: number
  readonly rollbackCount: number
}

/** Recorded when a chunk step has read everything: the sums over the step's executions in its instance, this one included. */
export interface StepReconciliation {
  readonly totals: ReconciledCounts
  /** Whether every item that was read was written, filtered or skipped. A step that is not balanced is FAILED. */
  readonly isBalanced: boolean
}

/** Records that were skipped in reading stand beside the others: they never became items. */
export type ReconciledCounts = Omit<StepCounts, 'commitCount' | 'rollbackCount'>

export interface StepExecution extends StepCounts {
  readonly id: string
  readonly jobExecutionId: string
  readonly stepName: string
  readonly status: BatchStatus
  readonly exitStatus: ExitStatus
  readonly createTime: Date
  readonly startTime: Date | null
  readonly endTime: Date | null
  readonly lastUpdated: Date | null
  readonly version: number
  readonly executionContext: StoredContext
  /** Set where it works on a partition of a step, whose own execution holds the sums: count one of them, not both. */
  readonly partition?: PartitionExecution
  /** Of a chunk step that has read everything. */
  readonly reconciliation?: StepReconciliation
}

export interface PartitionExecution {
  /** The name of the step that was partitioned. */
  readonly stepName: string
  readonly name: string
  /** The process that works, or worked, on it. */
  readonly worker: { readonly host: string; readonly pid: number } | null
}

export const NO_COUNTS: StepCounts = {
  readCount: 0,
  writeCount: 0,
  filterCount: 0,
  readSkipCount: 0,
  processSkipCount: 0,
  writeSkipCount: 0,
  commitCount: 0,
  rollbackCount: 0,
}

/** As it is recorded when it begins: nothing is done yet. */
export function begunStep(begun: {
  readonly id: string
  readonly jobExecutionId: string
  readonly stepName: string
  readonly at: Date
  readonly executionContext: StoredContext
}): StepExecution {
  const { at, ...step } = begun
  return {
    ...NO_COUNTS,
    ...step,
    status: 'STARTED',
    exitStatus: { exitCode: 'EXECUTING', exitDescription: '' },
    createTime: at,
    startTime: at,
    endTime: null,
    lastUpdated: at,
    version: 0,
  }
}

/** In whatever phase. */
export function skipCount(counts: StepCounts): number {
  return counts.readSkipCount + counts.processSkipCount + counts.writeSkipCount
}

export function addCounts(one: StepCounts, other: Partial<StepCounts>): StepCounts {
  return {
    readCount: one.readCount + (other.readCount ?? 0),
    writeCount: one.writeCount + (other.writeCount ?? 0),
    filterCount: one.filterCount + (other.filterCount ?? 0),
    readSkipCount: one.readSkipCount + (other.readSkipCount ?? 0),
    processSkipCount: one.processSkipCount + (other.processSkipCount ?? 0),
    writeSkipCount: one.writeSkipCount + (other.writeSkipCount ?? 0),
    commitCount: one.commitCount + (other.commitCount ?? 0),
    rollbackCount: one.rollbackCount + (other.rollbackCount ?? 0),
  }
}

export function subtractCounts(one: StepCounts, other: Partial<StepCounts>): StepCounts {
  const negated = Object.entries(other).map(([name, count]) => [name, -count])
  return addCounts(one, Object.fromEntries(negated) as Partial<StepCounts>)
}
