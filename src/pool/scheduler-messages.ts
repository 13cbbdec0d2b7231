/** What a server and the process of its scheduler say to each other. */
import type { Observation } from '../telemetry/observation.ts'
import type { ModulePlace } from '../workers/module-place.ts'
import type { PackedError } from './packed-error.ts'

export type ToSchedulerProcess =
  | {
      readonly type: 'open'
      readonly module: ModulePlace
      /** How long open chunks may take once the server is gone. */
      readonly orphanGraceMilliseconds: number
    }
  | { readonly type: 'drain'; readonly reason: string; readonly graceMilliseconds: number | null }
  | { readonly type: 'abort'; readonly reason: string }

export type FromSchedulerProcess =
  | { readonly type: 'firing' }
  | { readonly type: 'failed'; readonly error: PackedError }
  | { readonly type: 'observed'; readonly observation: Observation }
