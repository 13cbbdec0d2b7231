/** The life of one process as a test plays it: the points that it passes, and its death at one of them. */
import { BatchError } from '../../core/model/batch-error.ts'

/** What a process is about to do, or has just done, when it is killed. */
export const KILL_MOMENTS = [
  'launch',
  'start',
  'begin',
  'open',
  'read',
  'process',
  'write',
  'commit',
  'tasklet',
  'publish',
  'listener',
  'step end',
  'job end',
  'repository',
] as const

export type KillMoment = (typeof KILL_MOMENTS)[number]

/** `before read`, `after commit` … After a commit it is done, and only its answer is lost. */
export type KillPhase = `${'before' | 'after'} ${KillMoment}`

export interface KillPoint {
  readonly phase: KillPhase
  /** Unlike any other of the same process: `step load, chunk 3: after write`. */
  readonly name: string
}

export interface KillSwitch {
  /** A point that the process passes, or dies at. @throws BatchError LEASE_LOST when it dies, and ever after */
  readonly pass: (phase: KillPhase, where: string) => void
  /** @throws BatchError LEASE_LOST when the process is dead */
  readonly assertAlive: () => void
  /** What `work` gives is not seen when the process has died meanwhile. */
  readonly whileAlive: <R>(work: () => Promise<R>) => Promise<R>
  readonly passed: readonly KillPoint[]
  readonly diedAt: () => KillPoint | undefined
  readonly onDeath: (callback: () => void) => void
  /** By step: the chunks or turns that it has committed in this life. */
  readonly commits: Map<string, number>
  /** Closes the step sessions that a dead process has left open. */
  readonly sessions: (() => Promise<void>)[]
  /**
   * For what the process has opened: answers how it closes that. The dead close nothing, since closing may write; `bury` does it.
   */
  readonly closing: (close: () => Promise<void>) => () => Promise<void>
  /** For the very end: closes what a dead process has left open, so that nothing of it stays in this one. */
  readonly bury: () => Promise<void>
}

/** `isLast` chooses the point at which the process dies; without it, it lives for ever. */
export function createKillSwitch(
  isLast: (point: KillPoint, index: number) => boolean = () => false,
): KillSwitch {
  const passed: KillPoint[] = []
  const times = new Map<string, number>()
  const opened = new Set<() => Promise<void>>()
  let deathBell = (): void => {}
  let diedAt: KillPoint | undefined
  const assertAlive = (): void => {
    if (diedAt !== undefined) throw killed(diedAt)
  }
  const pass = (phase: KillPhase, where: string): void => {
    assertAlive()
    const plain = `${where}: ${phase}`
    const time = (times.get(plain) ?? 0) + 1
    times.set(plain, time)
    const point = { phase, name: time === 1 ? plain : `${plain} (time ${time})` }
    passed.push(point)
    if (!isLast(point, passed.length - 1)) return
    diedAt = point
    deathBell()
    throw killed(point)
  }
  return {
    pass,
    assertAlive,
    whileAlive: async (work) => {
      assertAlive()
      const result = await work()
      assertAlive()
      return result
    },
    passed,
    diedAt: () => diedAt,
    onDeath: (callback) => {
      deathBell = callback
      if (diedAt !== undefined) callback()
    },
    commits: new Map(),
    sessions: [],
    closing: (close) => {
      opened.add(close)
      return async () => {
        if (diedAt !== undefined) return
        opened.delete(close)
        await close()
      }
    },
    bury: async () => {
      await Promise.allSettled([...opened].map(async (close) => close()))
      opened.clear()
    },
  }
}

/** LEASE_LOST, since that is after what the engine writes and tries nothing more. */
function killed({ name }: KillPoint): BatchError {
  return new BatchError('LEASE_LOST', `this process was killed (${name})`, { details: { killPoint: name } })
}
