/** Keeps a failing observer from failing what it watches. */
import type { Logger } from '../ports/logger.ts'

type Watch = (...facts: never[]) => void

/** The same observer, an instance of a class too; what it throws is logged. Events that it does not listen to stay absent. */
export function guardObserver<O extends object>(
  observer: O,
  events: readonly (keyof O & string)[],
  logger: Logger,
): O {
  const guarded = events.flatMap((event) => {
    const watch = observer[event] as Watch | undefined
    return watch === undefined ? [] : [[event, guard(watch.bind(observer), event, logger)]]
  })
  return Object.fromEntries(guarded) as O
}

function guard(watch: Watch, event: string, logger: Logger): Watch {
  return (...facts) => {
    try {
      watch(...facts)
    } catch (error) {
      logger.warn({ err: error, event }, 'an observer failed; what it watches goes on')
    }
  }
}
