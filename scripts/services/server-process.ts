/** What a server of our own can do, on the JVM or in a container: be killed and started again. */

import { setTimeout as delay } from 'node:timers/promises'

/** Data and ports stay the same from the first start to `stop`. A server does not outlive the process that started it. */
export interface ServerProcess {
  /** Resolves when the server answers. Rejects when it dies or does not answer within two minutes. */
  readonly start: (signal?: AbortSignal) => Promise<void>
  /**
   * Resolves when the process is gone. `SIGTERM` lets it end in order, for at most half a minute.
   * @default SIGKILL, as a lost machine would
   */
  readonly kill: (signal?: 'SIGKILL' | 'SIGTERM') => Promise<void>
  /** Kills the server and deletes its data. May be called again, and in every state. */
  readonly stop: () => Promise<void>
}

const POLL_MS = 50

/** False when the deadline passes first, and as soon as `isOver` says that waiting has become useless. */
export async function becomesTrue(
  isTrue: () => Promise<boolean>,
  options: {
    readonly withinMs: number
    readonly isOver?: () => boolean
    readonly signal?: AbortSignal | undefined
  },
): Promise<boolean> {
  const { withinMs, isOver = () => false, signal } = options
  const deadline = performance.now() + withinMs
  while (!isOver() && performance.now() < deadline) {
    signal?.throwIfAborted()
    if (await isTrue()) return true
    await delay(POLL_MS, undefined, { signal })
  }
  return false
}
