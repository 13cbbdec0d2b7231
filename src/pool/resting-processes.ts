/** Processes of the pool that wait for work. Those that nobody needs come to their end. */
import type { PoolProcess } from './forked-process.ts'

export interface RestingProcesses {
  readonly size: () => number
  /** The one that rested last, so that those not needed come to their end; undefined where none rests. */
  readonly take: () => PoolProcess | undefined
  /** It has nothing to do, and is ended when it has rested too long. */
  readonly add: (process: PoolProcess) => void
  /** It has died, if it rested. */
  readonly remove: (process: PoolProcess) => void
  readonly endAll: () => void
}

interface Resting {
  readonly process: PoolProcess
  readonly timer: NodeJS.Timeout
}

const IDLE_MILLISECONDS = 60_000

/** @param isLast whether one that has rested too long stays, because there is no other */
export function restingProcesses(
  isLast: () => boolean,
  idleMilliseconds: number = IDLE_MILLISECONDS,
): RestingProcesses {
  const resting: Resting[] = []
  const remove = (process: PoolProcess): void => {
    const at = resting.findIndex((one) => one.process === process)
    if (at >= 0) for (const { timer } of resting.splice(at, 1)) clearTimeout(timer)
  }
  return {
    size: () => resting.length,
    take: () => {
      const last = resting.pop()
      clearTimeout(last?.timer)
      return last?.process
    },
    add: (process) => {
      const timer = setTimeout(() => {
        if (isLast()) return void timer.refresh()
        remove(process)
        process.end()
      }, idleMilliseconds)
      resting.push({ process, timer: timer.unref() })
    },
    remove,
    endAll: () => {
      for (const { process, timer } of resting.splice(0)) {
        clearTimeout(timer)
        process.end()
      }
    },
  }
}
