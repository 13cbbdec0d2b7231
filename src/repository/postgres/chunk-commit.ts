/** One attempt at a chunk's transaction: the work, the step's progress, COMMIT. */
import type { QueryResult } from 'pg'
import type { BatchStatus } from '../../core/model/batch-status.ts'
import type { ChunkCommit, StepProgress } from '../../core/ports/step-session.ts'
import { awaitedTransaction, collectedTransaction } from './chunk-transaction.ts'
import { isProofFailure } from './fence.ts'
import { endedByWork, errorSwallowed } from './foreign-end.ts'
import { errorCode, IN_FAILED_TRANSACTION, isConnectionLoss } from './postgres-errors.ts'
import { StatementPipeline } from './statement-pipeline.ts'
import type { StepConnection } from './step-connection.ts'
import { decodeJobStatus } from './step-statements.ts'

export type CommitAttempt =
  | { readonly outcome: 'committed'; readonly jobStatus: BatchStatus }
  /** Nothing of it will ever be seen. */
  | { readonly outcome: 'rolled-back'; readonly error: unknown }
  /** The same, because lease or version did not hold. */
  | { readonly outcome: 'refused' }
  /** The connection was lost between the COMMIT and its answer. */
  | { readonly outcome: 'unknown'; readonly progress: StepProgress; readonly error: unknown }
  /** A pipelined writer found fault with its chunk when that was committed already. */
  | { readonly outcome: 'committed-but-failed'; readonly progress: StepProgress; readonly error: unknown }

export interface Metadata {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
}

type MetadataOf = (progress: StepProgress) => Metadata

/** The work first, statement by statement; then progress and COMMIT in one flush. */
export async function commitAwaited(
  connection: StepConnection,
  { work, progress: ask }: ChunkCommit,
  metadataOf: MetadataOf,
): Promise<CommitAttempt> {
  const { transaction, over, settled } = awaitedTransaction(connection)
  try {
    await work(transaction)
    const hasBegun = await settled()
    over()
    checkStillOurs(connection, hasBegun)
    const progress = ask()
    const metadata = metadataOf(progress)
    if (!hasBegun) return await commitAlone(connection, metadata, progress)
    return await commitPipeline(connection, new StatementPipeline(connection.client), metadata, progress)
  } catch (error) {
    over()
    await rollBack(connection, await settled())
    return { outcome: 'rolled-back', error }
  }
}

/** Everything in one flush: BEGIN, the work's statements, progress and COMMIT. */
export async function commitCollected(
  connection: StepConnection,
  { work, progress: ask }: ChunkCommit,
  metadataOf: MetadataOf,
): Promise<CommitAttempt> {
  const { transaction, over, pipeline } = collectedTransaction(connection)
  const working = workOutcome(() => work(transaction))
  try {
    const early = await Promise.race([working, promisesSettled()])
    if (early?.failed === true) throw early.error
    // A writer that has sent nothing may still be at work elsewhere, and must have ended well before we commit.
    if (pipeline.size === 0) await unlessFailed(working)
    over()
    const progress = ask()
    const metadata = metadataOf(progress)
    if (pipeline.size === 0) return await commitAlone(connection, metadata, progress)
    const attempt = await commitPipeline(connection, pipeline, metadata, progress)
    const { failed, error } = await working
    if (!failed || attempt.outcome === 'unknown' || attempt.outcome === 'refused') return attempt
    return attempt.outcome === 'committed'
      ? { outcome: 'committed-but-failed', progress, error }
      : { outcome: 'rolled-back', error }
  } catch (error) {
    over()
    pipeline.abandon(error instanceof Error ? error : new Error(String(error)))
    await working
    return { outcome: 'rolled-back', error }
  }
}

/** Without writes of the work, the metadata statement is the whole transaction. */
async function commitAlone(
  connection: StepConnection,
  metadata: Metadata,
  progress: StepProgress,
): Promise<CommitAttempt> {
  try {
    const { rows }: QueryResult = await connection.client.query({ ...metadata, values: [...metadata.values] })
    return { outcome: 'committed', jobStatus: decodeJobStatus(rows) }
  } catch (error) {
    if (isProofFailure(error)) return { outcome: 'refused' }
    if (isConnectionLoss(error)) return { outcome: 'unknown', progress, error }
    return { outcome: 'rolled-back', error }
  }
}

async function commitPipeline(
  connection: StepConnection,
  pipeline: StatementPipeline,
  metadata: Metadata,
  progress: StepProgress,
): Promise<CommitAttempt> {
  const place = pipeline.size
  const recorded = pipeline.add(metadata)
  const committed = pipeline.add({ text: 'commit' })
  const [sent, record, commit] = await Promise.allSettled([pipeline.send(), recorded, committed])
  if (sent.status === 'rejected') {
    if (isConnectionLoss(sent.reason)) return { outcome: 'unknown', progress, error: sent.reason }
    await rollBack(connection, true)
    const isRefusal = pipeline.answered === place && isProofFailure(sent.reason)
    return isRefusal ? { outcome: 'refused' } : { outcome: 'rolled-back', error: orSwallowed(sent.reason) }
  }
  connection.markTransaction('over')
  if (commit.status === 'rejected' || record.status === 'rejected' || commit.value.command !== 'COMMIT') {
    return { outcome: 'rolled-back', error: new Error('the server answered COMMIT with a rollback') }
  }
  return { outcome: 'committed', jobStatus: decodeJobStatus(record.value.rows) }
}

/** @throws when the work has ended our transaction, or has swallowed the error that broke it. */
function checkStillOurs({ client }: StepConnection, hasBegun: boolean): void {
  if (!hasBegun) return
  switch (client.getTransactionStatus()) {
    case 'I':
      throw endedByWork()
    case 'E':
      throw errorSwallowed()
    default:
  }
}

/** Where the client had not heard of the broken transaction when we looked, the server says so. */
function orSwallowed(error: unknown): unknown {
  return errorCode(error) === IN_FAILED_TRANSACTION ? errorSwallowed(error) : error
}

/** A connection that cannot even do this is thrown away; the server rolls back by itself. */
async function rollBack(connection: StepConnection, hasBegun: boolean): Promise<void> {
  connection.markTransaction('over')
  if (!hasBegun) return
  try {
    await connection.client.query('rollback')
  } catch {
    await connection.destroy()
  }
}

type WorkOutcome =
  | { readonly failed: false; readonly error?: never }
  | { readonly failed: true; readonly error: unknown }

async function workOutcome(work: () => Promise<void>): Promise<WorkOutcome> {
  try {
    await work()
    return { failed: false }
  } catch (error) {
    return { failed: true, error }
  }
}

async function unlessFailed(working: Promise<WorkOutcome>): Promise<void> {
  const { failed, error } = await working
  if (failed) throw error
}

/** After every promise that can settle without waiting has done so: a work that has thrown at once is known by then. */
function promisesSettled(): Promise<undefined> {
  return new Promise((resolve) => {
    process.nextTick(resolve, undefined)
  })
}
