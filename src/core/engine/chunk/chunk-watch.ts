/** One chunk as those outside see it, from the begin of its reading to its commit: how long it takes, and its span. */
import type { StepCounts } from '../../model/step-execution.ts'
import type { Span } from '../../ports/tracing.ts'
import { StopRequested } from '../run-control.ts'
import { spanError } from '../span-error.ts'
import type { StepRun } from '../step-run.ts'
import { type Faults, StoppedWhileWaiting } from './faults.ts'

export interface ChunkWatch {
  readonly milliseconds: () => number
  /** While `work` runs the chunk's span is the active one. */
  readonly within: <R>(work: () => R) => R
  /** The same faults, whose retries are counted. */
  readonly counting: (faults: Faults) => Faults
  readonly committed: (counts: Partial<StepCounts>) => void
  readonly failed: (error: unknown) => void
  /** Called once. Its chunk was committed, has failed, or had nothing in it. */
  readonly end: () => void
}

type Watched = Pick<StepRun, 'span' | 'clock' | 'stepName' | 'partition'>

/** Costs next to nothing where nobody traces. */
export function watchChunk({ span, clock, stepName, partition }: Watched): ChunkWatch {
  const since = clock.monotonic()
  const milliseconds = () => clock.monotonic() - since
  if (span === undefined)
    return { milliseconds, within: atOnce, counting: same, committed: nothing, failed: nothing, end: nothing }
  const name = `chunk ${partition?.stepName ?? stepName}`
  return { ...tracedChunk(span.begin({ name, attributes: {} })), milliseconds }
}

const nothing = (): void => {}
const atOnce = <R>(work: () => R): R => work()
const same = (faults: Faults): Faults => faults

function tracedChunk(span: Span): Omit<ChunkWatch, 'milliseconds'> {
  let retries = 0
  return {
    within: span.within,
    counting: (faults) => ({
      ...faults,
      tryAgain: async (failed) => {
        const again = await faults.tryAgain(failed)
        if (again) retries += 1
        return again
      },
    }),
    committed: (counts) => span.set({ 'batch.status': 'COMPLETED', ...countAttributes(counts) }),
    failed: (error) => {
      const isStop = error instanceof StoppedWhileWaiting || error instanceof StopRequested
      span.set({ 'batch.status': isStop ? 'STOPPED' : 'FAILED' })
      if (isStop) return
      span.failed(spanError(error))
    },
    end: () => {
      span.set({ 'batch.chunk.retries': retries })
      span.end()
    },
  }
}

function countAttributes({ readCount = 0, writeCount = 0, filterCount = 0, ...skips }: Partial<StepCounts>) {
  const { readSkipCount = 0, processSkipCount = 0, writeSkipCount = 0 } = skips
  return {
    'batch.read': readCount,
    'batch.written': writeCount,
    'batch.filtered': filterCount,
    'batch.skipped': readSkipCount + processSkipCount + writeSkipCount,
  }
}
