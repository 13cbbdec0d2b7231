/** What a server and a process that it has forked say to each other first, whatever the process is for. */
import type { Observation } from '../telemetry/observation.ts'
import type { ModulePlace } from '../workers/module-place.ts'
import type { PackedError } from './packed-error.ts'

/** The first message. */
export interface OpenMessage {
  readonly type: 'open'
  /** What project to load. */
  readonly module: ModulePlace
  /** How long open chunks may take once the server is gone. */
  readonly orphanGraceMilliseconds: number
}

export type OpeningMessage =
  /** The project is loaded, and the process does what it is for. */
  | { readonly type: 'ready' }
  /** The project cannot be loaded, or its repository not be opened: the process ends. */
  | { readonly type: 'failed'; readonly error: PackedError }
  /** For the server's metrics. */
  | { readonly type: 'observed'; readonly observation: Observation }
