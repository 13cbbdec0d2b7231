/** Progress as often as a person can see it, not as often as chunks are committed. */
import type { StepCounts } from '../core/model/step-execution.ts'
import type { CommittedChunk } from '../core/ports/run-observer.ts'
import type { FromWorker } from './messages.ts'

const PAUSE_MILLISECONDS = 200

export interface ThrottledProgress {
  readonly progressed: (stepExecutionId: string, counts: StepCounts) => void
  readonly chunkCommitted: (chunk: CommittedChunk) => void
  /** Tells at once what waits. */
  readonly flush: () => void
}

export function throttledProgress(tell: (message: FromWorker) => void): ThrottledProgress {
  const waiting = new Map<string, StepCounts>()
  let chunks: CommittedChunk[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    for (const [stepExecutionId, counts] of waiting) tell({ type: 'progressed', stepExecutionId, counts })
    waiting.clear()
    if (chunks.length > 0) tell({ type: 'chunks-committed', chunks })
    chunks = []
  }
  return {
    progressed: (stepExecutionId, { readCount, writeCount, filterCount, ...rest }) => {
      const { readSkipCount, processSkipCount, writeSkipCount, commitCount, rollbackCount } = rest
      const skips = { readSkipCount, processSkipCount, writeSkipCount }
      waiting.set(stepExecutionId, {
        readCount,
        writeCount,
        filterCount,
        ...skips,
        commitCount,
        rollbackCount,
      })
      timer ??= setTimeout(flush, PAUSE_MILLISECONDS)
    },
    chunkCommitted: (chunk) => {
      chunks.push(chunk)
      timer ??= setTimeout(flush, PAUSE_MILLISECONDS)
    },
    flush,
  }
}
