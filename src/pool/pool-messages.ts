/** What a server and the processes of its pool say to each other. */
import type { LaunchOrder } from '../core/operator/launch-order.ts'
import type { PooledFire, PooledLaunch, RedriveOrder, RestartOrder, TriggerOrder } from './execution-pool.ts'
import type { OpeningMessage, OpenMessage } from './opening-messages.ts'
import type { PackedError } from './packed-error.ts'

/** A process does one after the other: it is asked again when it is free. */
export type PoolRequest =
  | { readonly kind: 'launch'; readonly order: LaunchOrder }
  | { readonly kind: 'restart'; readonly order: RestartOrder }
  | { readonly kind: 'redrive'; readonly order: RedriveOrder }
  | { readonly kind: 'trigger'; readonly order: TriggerOrder }

export type ToPoolProcess =
  | OpenMessage
  | { readonly type: 'ask'; readonly request: PoolRequest }
  /** To be continued by another server. */
  | { readonly type: 'interrupt'; readonly reason: string; readonly graceMilliseconds: number | null }
  | { readonly type: 'abort'; readonly reason: string }
  /** It is idle, and no longer needed. */
  | { readonly type: 'end' }

export type PoolAnswer = PooledLaunch | PooledFire

export type FromPoolProcess =
  | OpeningMessage
  /** `isOver`: nothing goes on here, and the process is free, as after a refusal. */
  | { readonly type: 'answered'; readonly answer: PoolAnswer; readonly isOver: boolean }
  | { readonly type: 'refused'; readonly error: PackedError }
  /** What went on is over, and the process is free. One that an error has spoilt ends instead. */
  | { readonly type: 'free' }
