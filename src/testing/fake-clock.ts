/** A clock that stands still until a test moves it. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../core/ports/clock.ts'

export interface FakeClockOptions {
  /** @default 2026-01-01T00:00:00Z */
  readonly now?: Date | string
  /** A sleep moves the clock to its end by itself, so that nothing ever waits. @default false */
  readonly autoAdvance?: boolean
}

/** For `createBatch({ clock })`, `memoryRepository({ clock })` and whatever else takes a clock. */
export interface FakeClock extends Clock {
  /**
   * Moves on. Who sleeps is woken at his time and in his turn, also he who falls asleep meanwhile. Resolves when those
   * who were woken have gone on as far as they can without waiting for anything else.
   */
  readonly advance: (milliseconds: number) => Promise<void>
  /** Resolves as soon as so many sleep. @default 1 */
  readonly untilSleeping: (sleepers?: number) => Promise<void>
  /** How long each sleep was to be, in milliseconds, in the order in which they were begun. */
  readonly sleeps: readonly number[]
}

interface Sleeper {
  readonly end: number
  readonly wake: () => void
}

export function fakeClock({
  now = '2026-01-01T00:00:00Z',
  autoAdvance = false,
}: FakeClockOptions = {}): FakeClock {
  const begin = new Date(now).getTime()
  const sleepers: Sleeper[] = []
  const watchers: { readonly sleepers: number; readonly resolve: () => void }[] = []
  const sleeps: number[] = []
  let passed = 0
  const wakeFirst = (until: number): boolean => {
    const first = sleepers.toSorted((one, other) => one.end - other.end)[0]
    if (first === undefined || first.end > until) return false
    passed = Math.max(passed, first.end)
    first.wake()
    return true
  }
  const tellWatchers = (): void => {
    const told = watchers.filter((one) => one.sleepers <= sleepers.length)
    for (const one of told) watchers.splice(watchers.indexOf(one), 1)
    told.forEach(({ resolve }) => resolve())
  }
  const sleep: Clock['sleep'] = (milliseconds, signal) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const leave = (): void => {
        sleepers.splice(sleepers.indexOf(sleeper), 1)
        signal.removeEventListener('abort', abort)
      }
      const abort = (): void => {
        leave()
        reject(signal.reason as Error)
      }
      const wake = (): void => {
        leave()
        resolve()
      }
      const sleeper: Sleeper = { end: passed + milliseconds, wake }
      signal.addEventListener('abort', abort, { once: true })
      sleepers.push(sleeper)
      sleeps.push(milliseconds)
      tellWatchers()
      if (autoAdvance) void setImmediate().then(() => wakeFirst(Infinity))
    })
  return {
    now: () => new Date(begin + passed),
    monotonic: () => passed,
    sleep,
    advance: async (milliseconds) => {
      const end = passed + milliseconds
      await setImmediate()
      while (wakeFirst(end)) await setImmediate()
      passed = Math.max(passed, end)
    },
    untilSleeping: (wanted = 1) =>
      new Promise((resolve) => {
        watchers.push({ sleepers: wanted, resolve })
        tellWatchers()
      }),
    sleeps,
  }
}
