/** Brings the repository up to what a writer with a transaction of its own has committed, before anything else is done. */
import { BatchError } from '../../model/batch-error.ts'
import { READER_CHECKPOINT_KEY } from '../../model/execution-context.ts'
import { addCounts, NO_COUNTS, type StepCounts, subtractCounts } from '../../model/step-execution.ts'
import { reconciledCounts } from '../../model/step-reconciliation.ts'
import type { KeptMark, OwnTransaction } from '../../ports/own-transaction.ts'
import { authorsEntries } from '../own-entries.ts'
import type { StepRun } from '../step-run.ts'
import { storedReader } from './checkpoint-seal.ts'
import { type AnnouncedChunk, type OwnChunks, ownChunks, ownChunksEntry } from './own-chunks.ts'
import { recordAnnounced } from './own-commit.ts'

/**
 * The writer's mark says whether the chunk that was announced last is committed. Where it is further ahead, as behind a
 * repository that was restored from a backup, its own counts and the reader's checkpoint are taken over, if it keeps them.
 * @returns whether there is a mark
 * @throws BatchError CHECKPOINT_REFUSED where the two cannot be brought together
 */
export async function catchUp(run: StepRun, own: OwnTransaction): Promise<boolean> {
  const before = run.ledger.context()
  const known = ownChunks(before)
  const { chunk, announced } = known
  const mark = await own.lastMark(storedReader(announced?.context ?? before))
  if (mark === undefined) {
    if (announced !== undefined && !run.acceptChanges) throw markIsGone(run, chunk)
    return false
  }
  if (mark.chunk === chunk) return true // one that is announced behind it was not committed, and is written again
  if (mark.chunk === chunk + 1 && announced !== undefined) {
    run.scope.logger.info(`chunk ${mark.chunk} was committed by the writer, and is recorded now`)
    await takeUp(run, announced)
  } else await takeUp(run, lostChunks(run, known, mark))
  return true
}

/** The chunk is recorded, and the author's values are those that it left. */
async function takeUp(run: StepRun, chunk: AnnouncedChunk): Promise<void> {
  await recordAnnounced(run, chunk)
  const { stepContext } = run.scope
  const values = authorsEntries(chunk.context)
  for (const key of Object.keys(stepContext.values()))
    if (values[key] === undefined) stepContext.set(key, undefined)
  for (const [key, value] of Object.entries(values)) stepContext.set(key, value)
}

/** What the repository has forgotten, as far as the mark tells it, as one chunk. */
function lostChunks(run: StepRun, { id, chunk }: OwnChunks, mark: KeptMark): AnnouncedChunk {
  const { ledger, scope } = run
  if (mark.chunk < chunk || mark.reader === undefined) throw markDisagrees(run, chunk, mark)
  scope.logger.warn(
    { recorded: chunk, committed: mark.chunk },
    `the repository knows chunk ${chunk} as the last, and the writer has committed chunk ${mark.chunk}: its counts are taken over; ` +
      'what these chunks had left in the context or in the quarantine is lost',
  )
  return {
    counts: { ...countedSince(run, mark), commitCount: mark.chunk - chunk },
    context: {
      ...ledger.context(),
      ...ownChunksEntry({ id, chunk: mark.chunk }),
      [READER_CHECKPOINT_KEY]: { ...mark.reader },
    },
    quarantined: [],
  }
}

function countedSince({ earlierCounts, ledger }: StepRun, mark: KeptMark): StepCounts {
  const known = reconciledCounts(addCounts(earlierCounts, ledger.counts()))
  return subtractCounts({ ...NO_COUNTS, ...mark.counts }, known)
}

function markIsGone({ stepName }: StepRun, chunk: number): BatchError {
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `Step ${stepName}: chunk ${chunk + 1} was announced, and whether the writer has committed it cannot be told any more, since its ` +
      'mark is gone (Kafka forgets the offsets of a group that is not used for a week, unless offsets.retention.minutes says more). Compare the output with ' +
      'the input; with --accept-changes the chunk is taken for not committed, and written again.',
    { details: { stepName, chunk: chunk + 1 } },
  )
}

function markDisagrees({ stepName }: StepRun, chunk: number, mark: KeptMark): BatchError {
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `Step ${stepName}: the repository knows chunk ${chunk} as the last, and the writer has committed chunk ${mark.chunk}, so one of the ` +
      'two is not what it was. Were both restored from backups of different times? Start an instance with other identifying parameters, ' +
      'behind what is written already.',
    { details: { stepName, recorded: chunk, committed: mark.chunk } },
  )
}
