/** Judges the skips of a chunk against the step's limit, when everything before the chunk is committed. */
import { BatchError } from '../../model/batch-error.ts'
import { describePosition } from '../../ports/item-reader.ts'
import type { StepRun } from '../step-run.ts'
import type { Faults } from './faults.ts'
import type { FilledChunk } from './filled-chunk.ts'
import type { Skip } from './skip.ts'
import { describeLimit, skipsAllowed, skipsAllowedAtEnd, type SkipsSoFar, skipsSoFar } from './skip-limit.ts'

/** What the limit leaves for the chunk. */
export interface SkipRoom {
  /** @throws BatchError SKIP_LIMIT_EXCEEDED, when so many skips of the chunk are more than there may be. */
  readonly check: (count: number, skips: () => readonly Skip[]) => void
}

/** Call it when the chunk before is committed. */
export function skipRoom(run: StepRun, { limit }: Faults, chunk: FilledChunk): SkipRoom {
  const before = skipsSoFar(run)
  const reads = before.reads + chunk.items.length + chunk.readSkips
  const room = skipsAllowed(limit, reads) - before.skips
  return {
    check: (count, skips) => {
      if (count <= room) return
      // A share may be passed by what was skipped before it was judged; a number is passed by a skip only.
      if (count === 0 && typeof limit === 'number') return
      throw limitPassed(
        run,
        limit,
        { skips: before.skips + count, reads },
        UNDONE,
        skips()[Math.max(room, 0)],
      )
    },
  }
}

/** @throws BatchError SKIP_LIMIT_EXCEEDED, when the share of all records is too large. */
export function judgeShareAtEnd(run: StepRun, { limit }: Faults): void {
  const { reads, skips } = skipsSoFar(run)
  if (typeof limit === 'number' || skips <= skipsAllowedAtEnd(limit, reads)) return
  throw limitPassed(run, limit, { skips, reads }, ALL_WRITTEN)
}

const UNDONE = 'The chunk at hand was rolled back; a restart begins with it.'
const ALL_WRITTEN = 'All others are written; a restart with a higher limit completes the step.'

export function limitPassed(
  run: Pick<StepRun, 'stepName'>,
  limit: Faults['limit'],
  { skips, reads }: SkipsSoFar,
  state: string,
  skip?: Skip,
): BatchError {
  const { stepName } = run
  const position = skip && describePosition(skip.position)
  const where = position === undefined ? '' : ` at ${position} (${skip?.phase})`
  return new BatchError(
    'SKIP_LIMIT_EXCEEDED',
    `Step ${stepName} has passed its skip limit of ${describeLimit(limit)}${where}: ${skips} of ${reads} records read failed. ` +
      `${state} See what is wrong with the input, or raise skip.limit.`,
    { details: { stepName, limit, skips, reads, ...(position && { position }) }, cause: skip?.error },
  )
}
