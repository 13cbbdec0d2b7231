/** Chunks of a writer with a transaction of its own: announced in the repository, committed by the writer, then recorded. */
import { BatchError, isBatchError } from '../../model/batch-error.ts'
import { thrownText } from '../../model/error-description.ts'
import type { ExecutionContext } from '../../model/execution-context.ts'
import { addCounts, type StepCounts, subtractCounts } from '../../model/step-execution.ts'
import { reconciledCounts } from '../../model/step-reconciliation.ts'
import type { ChunkMark, OwnTransaction } from '../../ports/own-transaction.ts'
import type { ChunkCommit, CommitAnswer, StepProgress, StepSession } from '../../ports/step-session.ts'
import type { StepRun } from '../step-run.ts'
import { storedReader } from './checkpoint-seal.ts'
import { isFinal } from './final-error.ts'
import { type AnnouncedChunk, ownChunks, ownChunksEntry } from './own-chunks.ts'
import { retryRules } from './retry-rules.ts'

/** Three commits: a crash between them leaves a chunk that is announced and, by the writer's mark, committed or not. */
export function ownCommit(run: StepRun, own: OwnTransaction): StepSession['commit'] {
  return async (commit) => {
    const progress = await announce(run, commit)
    await own.commit(markOf(run, progress))
    return record(run, progress)
  }
}

function markOf({ earlierCounts }: StepRun, { counts, executionContext }: StepProgress): ChunkMark {
  return {
    chunk: ownChunks(executionContext).chunk,
    counts: reconciledCounts(addCounts(earlierCounts, counts)),
    reader: storedReader(executionContext),
  }
}

/** Of the chunk that is recorded last: where the writer has no mark, so that whatever is announced next is not in doubt. */
export async function commitMark(run: StepRun, own: OwnTransaction): Promise<void> {
  const { ledger } = run
  const mark = markOf(run, { counts: ledger.counts(), executionContext: ledger.context() })
  await patiently(run, () => own.commit(mark))
}

/** The step's counts and checkpoints stay those of the chunk before. */
async function announce(run: StepRun, { work, progress }: ChunkCommit): Promise<StepProgress> {
  const { ledger, session } = run
  const before = ledger.context()
  let announced: StepProgress | undefined
  let executionContext = before
  await session.commit({
    pipelined: false,
    work,
    progress: () => {
      announced = progress()
      executionContext = { ...before, ...announcement(before, ledger.counts(), announced) }
      return { counts: ledger.counts(), executionContext }
    },
  })
  ledger.committed({}, { step: executionContext, job: ledger.jobContext() })
  if (announced === undefined) throw new Error('the repository has committed without asking for the progress')
  return announced
}

function announcement(before: ExecutionContext, known: StepCounts, next: StepProgress): ExecutionContext {
  const { counts, executionContext, quarantined = [] } = next
  const announced = { counts: subtractCounts(counts, known), context: executionContext, quarantined }
  return ownChunksEntry({ ...ownChunks(before), announced })
}

/** The writer has committed: from here on the chunk is not written again, and whatever can be waited for is waited for. */
async function record(run: StepRun, progress: StepProgress): Promise<CommitAnswer> {
  try {
    return await patiently(run, () =>
      run.session.commit({ pipelined: false, work: async () => {}, progress: () => progress }),
    )
  } catch (error) {
    throw isBatchError(error, 'LEASE_LOST') ? error : notRecorded(run, error)
  }
}

/** As a write that nothing is said about is tried again. */
async function patiently<R>(run: StepRun, work: () => Promise<R>): Promise<R> {
  const rules = retryRules(undefined, 'write')
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= rules.attempts || isFinal(error) || !rules.matches(error)) throw error
      await run.clock.sleep(rules.delayAfter(attempt, error), run.scope.signal)
    }
  }
}

/** Records a chunk of which it is known that the writer has committed it. */
export async function recordAnnounced(
  run: StepRun,
  { counts, context, quarantined }: AnnouncedChunk,
): Promise<void> {
  const { ledger } = run
  await record(run, { counts: addCounts(ledger.counts(), counts), executionContext: context, quarantined })
  ledger.committed(counts, { step: context, job: ledger.jobContext() })
}

function notRecorded({ stepName }: StepRun, error: unknown): BatchError {
  return new BatchError(
    'WRITE_FAILED',
    `Step ${stepName}: the writer has committed the chunk, and the repository could not record that: ${thrownText(error)}. ` +
      'Nothing is lost: a restart records it and goes on behind it.',
    { details: { stepName, outcome: 'committed' }, cause: error },
  )
}
