/** The skipped items, and the batches in which they are redriven. Chunks add to them in their own transaction. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { FaultPhase, QuarantineEntry } from '../model/quarantined-item.ts'

export interface QuarantineStore {
  /** Newest first. */
  readonly list: (filter: QuarantineFilter) => Promise<readonly QuarantineEntry[]>
  readonly find: (id: string) => Promise<QuarantineEntry | undefined>
  /** How many there are, by execution, step, phase and state, in the order of executions. */
  readonly summarize: (selection: QuarantineSelection) => Promise<readonly QuarantineSummary[]>
  readonly findBatch: (batchId: string) => Promise<RedriveBatch | undefined>
  /** Those that were taken from this execution, oldest first. */
  readonly listBatches: (originJobExecutionId: string) => Promise<readonly RedriveBatch[]>
  /** The entries of a step in a batch that have an id greater than `after`, oldest first. Redriven ones are among them. */
  readonly batchEntries: (part: BatchPart) => Promise<readonly QuarantineEntry[]>
}

export interface QuarantineSelection {
  readonly ids?: readonly string[]
  readonly jobName?: string
  readonly jobInstanceId?: string
  readonly jobExecutionId?: string
  readonly stepName?: string
  readonly phase?: FaultPhase
  readonly errorType?: string
}

export interface QuarantineFilter extends QuarantineSelection {
  /** `open`: those that no redrive has dealt with. @default 'all' */
  readonly which?: 'open' | 'all'
  readonly limit: number
  /** Only entries with a smaller id: pass the last id of the page before. */
  readonly before?: string
}

export interface QuarantineSummary {
  readonly jobName: string
  readonly jobInstanceId: string
  readonly jobExecutionId: string
  readonly stepName: string
  readonly phase: FaultPhase
  /**
   * `due`: may be redriven. `cut`: not, because the item was not kept whole. `held`: a redrive that may still come to it has
   * it. `done`: was redriven.
   */
  readonly state: 'due' | 'cut' | 'held' | 'done'
  /** The latest execution of the redrive that holds it; null unless `held`. */
  readonly heldBy: string | null
  readonly items: number
}

/** What of a selection may be redriven. */
export interface RedriveTarget {
  readonly stepName: string
  readonly phase: FaultPhase
}

/** Items that are redriven together, by one job instance of their own. */
export interface RedriveBatch {
  readonly id: string
  readonly originJobExecutionId: string
  readonly createdAt: Date
  /** Null where the redrive's instance was purged, or deleted by Spring. */
  readonly redriveJobInstanceId: string | null
  /** The latest of the redrive. */
  readonly jobExecutionId: string | null
  readonly status: BatchStatus | null
  /** By step, in the order of their first entries. */
  readonly steps: readonly { readonly stepName: string; readonly items: number; readonly done: number }[]
}

export interface BatchPart {
  readonly batchId: string
  readonly stepName: string
  /** @default from the first on */
  readonly after?: string
  readonly limit: number
}
