/** Samples of steps in the in-memory repository. */
import { skipCount, type StepCounts } from '../../core/model/step-execution.ts'
import type { SampleMark, StepSample } from '../../core/ports/step-sample.ts'

export interface MemorySample {
  readonly number: number
  readonly sample: StepSample
}

/** What is kept of the samples so far, and the new one. */
export function withSample(
  samples: readonly MemorySample[],
  { number, keepEvery, progress }: SampleMark,
  counts: StepCounts,
  at: Date,
): readonly MemorySample[] {
  const kept = samples.filter((one) => one.number % keepEvery === 0)
  if (kept.some((one) => one.number === number)) return kept
  const { readCount, writeCount, filterCount, commitCount, rollbackCount } = counts
  const sample: StepSample = {
    at,
    readCount,
    writeCount,
    filterCount,
    skipCount: skipCount(counts),
    commitCount,
    rollbackCount,
    progress: progress === null ? null : { ...progress },
  }
  return [...kept, { number, sample }]
}
