/** So many executions at once in this process, and how all of them are ended. */
import type { StartedJob } from '../core/operator/started-job.ts'
import { atCapacity, serverDraining } from './pool-refusals.ts'

/** What is answered, and what holds a place from now on, if anything does. */
export interface Placed<A> {
  readonly answer: A
  readonly started?: StartedJob
}

type Grace = { readonly graceMilliseconds: number }

export interface Places {
  readonly taken: () => number
  /**
   * The place is taken before anything is awaited, so that the limit holds however many come at once; it is given back when what was
   * started has ended, or at once where nothing was. @throws BatchError AT_CAPACITY, SERVER_DRAINING, and whatever `launch` does
   */
  readonly run: <A>(launch: () => Promise<Placed<A>>) => Promise<A>
  readonly drain: (reason: string, grace?: Grace) => Promise<void>
  readonly abort: (reason: string) => void
}

export function createPlaces(limit: number): Places {
  let taken = 0
  let draining: { readonly reason: string; readonly grace: Grace | undefined } | undefined
  const running = new Set<StartedJob>()
  const waiting = new Set<() => void>()
  const leave = (): void => {
    taken -= 1
    if (taken > 0) return
    for (const resolve of waiting) resolve()
    waiting.clear()
  }
  const keep = (started: StartedJob): void => {
    running.add(started)
    if (draining !== undefined) started.stop(draining.reason, draining.grace)
    const ended = (): void => {
      running.delete(started)
      leave()
    }
    started.ended.then(ended, ended)
  }
  return {
    taken: () => taken,
    run: async <A>(launch: () => Promise<Placed<A>>): Promise<A> => {
      if (draining !== undefined) throw serverDraining(draining.reason)
      if (taken >= limit) throw atCapacity(limit)
      taken += 1
      let started: StartedJob | undefined
      try {
        const placed = await launch()
        started = placed.started
        return placed.answer
      } finally {
        if (started === undefined) leave()
        else keep(started)
      }
    },
    drain: (reason: string, grace?: Grace): Promise<void> => {
      draining ??= { reason, grace }
      for (const started of running) started.stop(reason, grace)
      return taken === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))
    },
    abort: (reason: string): void => {
      draining ??= { reason, grace: undefined }
      for (const started of running) started.abort(reason)
    },
  }
}
