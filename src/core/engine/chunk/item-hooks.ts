/** The item listeners of a step folded into one function per event, absent where nobody listens: items are many. */
import type { ChunkStepListener } from '../../definition/step-definition.ts'
import type { ItemListener, RetryListener, SkipListener } from '../../ports/listeners.ts'
import type { Logger } from '../../ports/logger.ts'

export type ItemHooks = ItemListener<unknown, unknown> & SkipListener<unknown, unknown> & RetryListener

export function foldItemHooks(
  listeners: readonly ChunkStepListener<unknown, unknown>[],
  logger: Logger,
): ItemHooks {
  const hooks: Record<string, Hook> = {}
  for (const event of EVENTS) {
    const called = listeners.flatMap((one) => (one[event] as Hook | undefined)?.bind(one) ?? [])
    const safe =
      event.startsWith('on') || event === 'afterWrite'
        ? called.map((hook) => logged(event, hook, logger))
        : called
    const [only] = safe
    if (only !== undefined)
      hooks[event] = safe.length === 1 ? only : (...facts) => safe.forEach((one) => one(...facts))
  }
  return hooks as ItemHooks
}

type Hook = (...facts: unknown[]) => unknown

/**
 * What is told of an error must not put another in its place, nor undo what is committed. One that is async all the same is not
 * waited for, and its rejection must not end the process.
 */
function logged(event: string, hook: Hook, logger: Logger): Hook {
  const log = (error: unknown): void =>
    logger.warn({ err: error }, `${event} failed; what it was told of stands`)
  return (...facts) => {
    try {
      const answer = hook(...facts)
      if (answer instanceof Promise) answer.catch(log)
    } catch (error) {
      log(error)
    }
  }
}

const EVENTS = [
  'beforeRead',
  'afterRead',
  'onReadError',
  'beforeProcess',
  'afterProcess',
  'onProcessError',
  'beforeWrite',
  'afterWrite',
  'onWriteError',
  'onSkipInRead',
  'onSkipInProcess',
  'onSkipInWrite',
  'onRetry',
  'onRetriesExhausted',
] as const satisfies readonly (keyof ItemHooks)[]
