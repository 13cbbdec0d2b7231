/** What a manager and its worker processes say to each other. */
import type { StepCounts } from '../core/model/step-execution.ts'
import type { CommittedChunk } from '../core/ports/run-observer.ts'
import type { WorkerAssignment } from '../core/ports/worker-processes.ts'

/** How a worker process makes the batch that its manager has. */
export interface WorkerModule {
  /** Its path, or `import.meta.url`; JavaScript or TypeScript. */
  readonly module: string | URL
  /** The name of a function in it that makes the batch with `createBatch`. @default 'default' */
  readonly export?: string
  /** What that function is handed: JSON, and whatever else can be cloned. @default undefined */
  readonly argument?: unknown
}

export type ToWorker =
  | {
      readonly type: 'work'
      readonly module: Required<WorkerModule> & { readonly module: string }
      readonly assignment: WorkerAssignment
    }
  | { readonly type: 'drain' }
  | { readonly type: 'stop'; readonly reason: string }
  | { readonly type: 'abort'; readonly reason: string }

export type FromWorker =
  | { readonly type: 'began'; readonly workerId: string }
  | { readonly type: 'progressed'; readonly stepExecutionId: string; readonly counts: StepCounts }
  | { readonly type: 'chunks-committed'; readonly chunks: readonly CommittedChunk[] }
  | { readonly type: 'partition-ended'; readonly status: 'COMPLETED' | 'STOPPED' | 'FAILED' }
  | { readonly type: 'finished' }
  /** It could not work, and says why. */
  | { readonly type: 'failed'; readonly reason: string }
