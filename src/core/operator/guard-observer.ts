/** Keeps a failing observer from failing the run that it watches. */
import type { Logger } from '../ports/logger.ts'
import { RUN_EVENTS, type RunObserver } from '../ports/run-observer.ts'

type Watch = (...facts: never[]) => void

/** The same observer, an instance of a class too; what it throws is logged. Events that it does not listen to stay absent. */
export function guardObserver(observer: RunObserver, logger: Logger): RunObserver {
  const guarded = RUN_EVENTS.flatMap((event) => {
    const watch = observer[event] as Watch | undefined
    return watch === undefined ? [] : [[event, guard(watch.bind(observer), event, logger)]]
  })
  return Object.fromEntries(guarded) as RunObserver
}

function guard(watch: Watch, event: string, logger: Logger): Watch {
  return (...facts) => {
    try {
      watch(...facts)
    } catch (error) {
      logger.warn({ err: error, event }, 'an observer failed; the run goes on')
    }
  }
}
