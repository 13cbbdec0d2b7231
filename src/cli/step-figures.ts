/** The figures of a step at work: counts, rate and what is left, as one line of text. */
import { skipCount, type StepCounts } from '../core/model/step-execution.ts'
import type { ReadProgress } from '../core/ports/item-reader.ts'
import { countText, durationText, shortCount } from './quantity-text.ts'

/** One look at a step, at a time in milliseconds. */
export interface StepSample {
  readonly at: number
  readonly counts: StepCounts
  readonly progress: ReadProgress | undefined
}

export interface StepFigures {
  /** Between 0 and 1; undefined where the reader knows no total. */
  readonly share: number | undefined
  readonly itemsPerSecond: number
  readonly millisecondsLeft: number | undefined
  readonly counts: StepCounts
}

/** Rate and rest by what has happened since `earlier`, so that what an earlier execution has read does not count. */
export function stepFigures(earlier: StepSample, latest: StepSample): StepFigures {
  const { counts, progress } = latest
  const elapsed = Math.max(latest.at - earlier.at, 1)
  const itemsPerSecond = ((counts.readCount - earlier.counts.readCount) / elapsed) * 1000
  const total = progress?.total
  if (progress === undefined || total === undefined || total <= 0)
    return { share: undefined, itemsPerSecond, millisecondsLeft: undefined, counts }
  const unitsPerMillisecond = (progress.done - (earlier.progress?.done ?? 0)) / elapsed
  const left = Math.max(total - progress.done, 0)
  const millisecondsLeft = unitsPerMillisecond > 0 ? left / unitsPerMillisecond : undefined
  return { share: Math.min(progress.done / total, 1), itemsPerSecond, millisecondsLeft, counts }
}

/** `1,240,000 read 18.2k/s 3 skip 0 rollback eta 41.0 s` */
export function figuresText({ counts, itemsPerSecond, millisecondsLeft }: StepFigures): string {
  const parts = [
    `${countText(counts.readCount)} read`,
    `${shortCount(itemsPerSecond)}/s`,
    `${countText(skipCount(counts))} skip`,
    `${countText(counts.rollbackCount)} rollback`,
  ]
  if (millisecondsLeft !== undefined) parts.push(`eta ${etaText(millisecondsLeft)}`)
  return parts.join(' ')
}

/** ` 62%` */
export function shareText(share: number): string {
  return `${String(Math.floor(share * 100)).padStart(3)}%`
}

/** `1,240,000 read, 1,239,997 written, 3 skipped` with whatever is not zero; `no items` for nothing at all. */
export function countsText(counts: StepCounts): string {
  const parts = [
    [counts.readCount, 'read'],
    [counts.writeCount, 'written'],
    [counts.filterCount, 'filtered'],
    [skipCount(counts), 'skipped'],
  ] as const
  const shown = parts.filter(([count]) => count > 0).map(([count, what]) => `${countText(count)} ${what}`)
  return shown.length === 0 ? 'no items' : shown.join(', ')
}

/** Whole seconds: an estimate is not better than that. */
function etaText(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  return seconds < 60 ? `${seconds} s` : durationText(seconds * 1000)
}
