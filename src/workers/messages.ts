/** What a manager and its worker processes say to each other. */
import type { StepCounts } from '../core/model/step-execution.ts'
import type { CommittedChunk } from '../core/ports/run-observer.ts'
import type { WorkerAssignment } from '../core/ports/worker-processes.ts'
import type { ModulePlace } from './module-place.ts'

export type ToWorker =
  | {
      readonly type: 'work'
      readonly module: ModulePlace
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
