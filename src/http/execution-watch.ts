/** Looks again and again at the executions that somebody waits for: once each, however many wait. */
import { isBatchError } from '../core/model/batch-error.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ExecutionView } from './execution-view.ts'

export interface ExecutionWatch {
  /**
   * `onLook` is told each look behind the first one, which whoever follows has had, until it is disposed; a look that fails, because
   * the database is away, is left out.
   */
  readonly follow: (first: ExecutionView, listener: LookListener) => Disposable
  readonly close: () => void
}

export interface LookListener {
  readonly onLook: (view: ExecutionView) => void
  /** It was deleted; nothing more is told. */
  readonly onGone: () => void
}

export interface WatchParts {
  readonly view: (jobExecutionId: string, last: ExecutionView | undefined) => Promise<ExecutionView>
  readonly everyMilliseconds: number
  readonly logger: Logger
}

/** Asks nothing while nobody follows anything. */
export function createExecutionWatch({ view, everyMilliseconds, logger }: WatchParts): ExecutionWatch {
  const followers = new Map<string, Set<LookListener>>()
  const lastViews = new Map<string, ExecutionView>()
  let timer: NodeJS.Timeout | undefined
  let isLooking = false
  let isFailing = false
  const lookAt = async (id: string, listeners: ReadonlySet<LookListener>): Promise<void> => {
    try {
      const seen = await view(id, lastViews.get(id))
      if (followers.has(id)) lastViews.set(id, seen)
      isFailing = false
      for (const listener of listeners) listener.onLook(seen)
    } catch (error) {
      if (isBatchError(error, 'NO_SUCH_JOB_EXECUTION')) for (const listener of listeners) listener.onGone()
      else failed(error)
    }
  }
  /** Told once for each outage, not at each turn. */
  const failed = (error: unknown): void => {
    if (!isFailing) logger.warn({ err: error }, 'looking at executions failed; it is tried again')
    isFailing = true
  }
  const look = async (): Promise<void> => {
    if (isLooking) return
    isLooking = true
    try {
      for (const [id, listeners] of followers) await lookAt(id, listeners)
    } finally {
      isLooking = false
    }
  }
  const forget = (id: string): void => {
    followers.delete(id)
    lastViews.delete(id)
  }
  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }
  return {
    follow: (first, listener) => {
      const { id } = first.execution
      const listeners = followers.get(id) ?? new Set()
      followers.set(id, listeners.add(listener))
      if (!lastViews.has(id)) lastViews.set(id, first)
      timer ??= setInterval(() => void look(), everyMilliseconds)
      return {
        [Symbol.dispose]: () => {
          if (!listeners.delete(listener) || listeners.size > 0) return
          if (followers.get(id) === listeners) forget(id)
          if (followers.size === 0) stop()
        },
      }
    },
    close: () => {
      followers.clear()
      lastViews.clear()
      stop()
    },
  }
}
