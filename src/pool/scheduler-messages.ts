/** What a server and the process of its scheduler say to each other. */
import type { OpeningMessage, OpenMessage } from './opening-messages.ts'

export type ToSchedulerProcess =
  | OpenMessage
  | { readonly type: 'drain'; readonly reason: string; readonly graceMilliseconds: number | null }
  | { readonly type: 'abort'; readonly reason: string }

/** It is ready when it fires. */
export type FromSchedulerProcess = OpeningMessage
