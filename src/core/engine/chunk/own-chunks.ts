/** What the step's context keeps of the chunks of a writer with a transaction of its own. */
import { randomUUID } from 'node:crypto'
import {
  type ContextValue,
  type ExecutionContext,
  OWN_TRANSACTION_KEY,
} from '../../model/execution-context.ts'
import type { QuarantinedItem } from '../../model/quarantined-item.ts'
import type { StepCounts } from '../../model/step-execution.ts'
import type { StepRun } from '../step-run.ts'
import { commitContext } from './commit-context.ts'

/** Under {@link OWN_TRANSACTION_KEY}. */
export interface OwnChunks {
  /** See `WriterScope.transactionId`. */
  readonly id: string
  /** The last one that is recorded. */
  readonly chunk: number
  /** The one behind it, where it may have been committed by the writer. */
  readonly announced?: AnnouncedChunk
}

/** All that is to be recorded of a chunk. */
export interface AnnouncedChunk {
  /** What it adds to the step's counts. */
  readonly counts: StepCounts
  readonly context: ExecutionContext
  readonly quarantined: readonly QuarantinedItem[]
}

/** Stands for the step in this instance, wherever the writer keeps its marks: recorded before the writer is opened. */
export async function ownTransactionId(run: StepRun): Promise<string> {
  const known = findOwnChunks(run.ledger.context())
  if (known !== undefined) return known.id
  const id = randomUUID()
  await commitContext(run, ownChunksEntry({ id, chunk: 0 }))
  return id
}

/** Of a context in which there is an `ownTransactionId`. */
export function ownChunks(context: ExecutionContext): OwnChunks {
  const chunks = findOwnChunks(context)
  if (chunks === undefined) throw new Error("the step's context knows no transaction of the writer")
  return chunks
}

export function ownChunksEntry(chunks: OwnChunks): ExecutionContext {
  return { [OWN_TRANSACTION_KEY]: chunks as unknown as ContextValue }
}

/** The entry of the chunk behind the last one that `before` knows. */
export function nextOwnChunk(before: ExecutionContext): ExecutionContext {
  const { id, chunk } = ownChunks(before)
  return ownChunksEntry({ id, chunk: chunk + 1 })
}

function findOwnChunks(context: ExecutionContext): OwnChunks | undefined {
  return context[OWN_TRANSACTION_KEY] as unknown as OwnChunks | undefined
}
