/** The writer of a step: opened where the last execution stopped, and closed whatever becomes of the step. */
import type { ExecutionContext } from '../../model/execution-context.ts'
import type { ItemWriter } from '../../ports/item-writer.ts'
import { effectiveGuarantee } from '../effective-guarantee.ts'
import { firstError, settle, unsettle } from '../first-error.ts'
import type { StepOutcome, StepRun } from '../step-run.ts'
import { unsealCheckpoint } from './checkpoint-seal.ts'
import type { ChunkTarget } from './commit-chunk.ts'
import { ownTransactionId } from './own-chunks.ts'
import { ownCommit } from './own-commit.ts'

/** A step whose writer cannot be closed has failed. */
export async function withWriter(
  run: StepRun,
  writer: ItemWriter<unknown>,
  from: ExecutionContext,
  work: (target: ChunkTarget) => Promise<StepOutcome>,
): Promise<StepOutcome> {
  const target = await openWriter(run, writer, from)
  const outcome = await settle(() => work(target))
  const closed = await settle(() => target.sink.close())
  return unsettle(firstError(outcome, closed, run.scope.logger))
}

async function openWriter(
  run: StepRun,
  writer: ItemWriter<unknown>,
  from: ExecutionContext,
): Promise<ChunkTarget> {
  const { signal, logger, resources, jobExecution, stepExecution } = run.scope
  const transactionId = writer.hasOwnTransaction === true ? await ownTransactionId(run) : undefined
  const sink = await writer.open({
    from: unsealCheckpoint(run, writer, from, 'writer'),
    jobName: jobExecution.jobInstance.jobName,
    jobExecutionId: jobExecution.id,
    stepName: run.stepName,
    stepExecutionId: stepExecution.id,
    ...(transactionId !== undefined && { transactionId }),
    signal,
    logger,
    resources,
  })
  const { ownTransaction } = sink
  return {
    writer,
    sink,
    commit:
      ownTransaction === undefined ? (chunk) => run.session.commit(chunk) : ownCommit(run, ownTransaction),
    isTransactional:
      ownTransaction === undefined && effectiveGuarantee(writer, run).guarantee === 'transactional',
    call: { begun: false, failed: false },
  }
}
