/** Two observers as one. */
import { RUN_EVENTS, type RunObserver } from '../core/ports/run-observer.ts'

/** What the first throws is thrown when the second was told as well. Events that neither listens to stay absent. */
export function joinObservers(first: RunObserver, second: RunObserver): RunObserver {
  const events = RUN_EVENTS.filter((event) => first[event] !== undefined || second[event] !== undefined)
  return Object.fromEntries(events.map((event) => [event, joined(event, first, second)])) as RunObserver
}

type Watch = ((...facts: unknown[]) => void) | undefined

function joined(
  event: keyof RunObserver,
  first: RunObserver,
  second: RunObserver,
): (...facts: unknown[]) => void {
  const one = (first[event] as Watch)?.bind(first)
  const other = (second[event] as Watch)?.bind(second)
  return (...facts) => {
    try {
      one?.(...facts)
    } finally {
      other?.(...facts)
    }
  }
}
