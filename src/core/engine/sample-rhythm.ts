/** When a step's progress is sampled: every two seconds at first, half as often each time that there are 300 samples. */
import type { ReadProgress } from '../ports/item-reader.ts'
import type { SampleMark } from '../ports/step-sample.ts'

const FIRST_PAUSE_MILLISECONDS = 2_000
export const MOST_SAMPLES = 300

type AskProgress = () => ReadProgress | undefined

export interface SampleRhythm {
  /** Undefined where none is due yet. `progress` is asked only where one is. */
  readonly due: (progress?: AskProgress) => SampleMark | undefined
  /** How far the reader has come when its step is over, asked before it is closed: for the last sample. */
  readonly readUpTo: (progress: AskProgress) => void
  /** For the step's end. */
  readonly last: () => SampleMark
}

/**
 * Numbers grow by a stride, which doubles when the samples are as many as they may be: of those before only every other one
 * has a number that is a multiple of it. A mark whose commit fails leaves a gap, and is not made up for.
 */
export function sampleRhythm(monotonic: () => number): SampleRhythm {
  let stride = 1
  let number = 0
  const since = monotonic()
  let pause = FIRST_PAUSE_MILLISECONDS
  let dueAt = since + pause
  let progress: ReadProgress | null = null
  const next = (): SampleMark => {
    const now = monotonic()
    if (number / stride >= MOST_SAMPLES) {
      stride *= 2
      pause = 2 * Math.max(pause, (now - since) / MOST_SAMPLES) // chunks may be further apart than the pause
    }
    number += stride
    dueAt = now + pause
    return { number, keepEvery: stride, progress }
  }
  return {
    due: (ask) => {
      if (monotonic() < dueAt) return undefined
      progress = progressOf(ask)
      return next()
    },
    readUpTo: (ask) => {
      progress = progressOf(ask)
    },
    last: next,
  }
}

/** What a reader says of itself must not fail the chunk in whose transaction it is recorded. */
function progressOf(ask: AskProgress | undefined): ReadProgress | null {
  try {
    const { done, total, unit } = ask?.() ?? {}
    if (!isAmount(done) || typeof unit !== 'string') return null
    return { done, unit, ...(isAmount(total) && { total }) }
  } catch {
    return null
  }
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
