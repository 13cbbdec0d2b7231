/** A writer that fails where a test wants it to. */
import type { ItemSink, ItemWriter } from '../core/ports/item-writer.ts'
import type { Transaction } from '../core/ports/resource.ts'
import { type FailureOptions, type PlannedFailure, planFailure } from './planned-failure.ts'

export interface FailingWriterOptions<T> extends FailureOptions {
  /** Writes from this one on, counted from 0 over all that the writer has begun; or those with an item that the function chooses. */
  readonly at: number | ((item: T) => boolean)
  /** Before anything is written, or when all of it is. @default 'before' */
  readonly when?: 'before' | 'after'
}

/** What it is opened with and what it stores is the inner writer's. Writes are not pipelined. */
export function failingWriter<T>(writer: ItemWriter<T>, options: FailingWriterOptions<T>): ItemWriter<T> {
  const failure = planFailure(options)
  const writes = { begun: 0 }
  return {
    ...writer,
    open: async (scope) => failingSink(await writer.open(scope), options, failure, writes),
  }
}

function failingSink<T>(
  sink: ItemSink<T>,
  { at, when = 'before' }: FailingWriterOptions<T>,
  failure: PlannedFailure,
  writes: { begun: number },
): ItemSink<T> {
  const { pipelined: _, ...plain } = sink
  const { prepare } = sink
  const write = async (items: readonly T[], work: () => Promise<void>): Promise<void> => {
    const number = writes.begun++
    const fails =
      failure.isDue() && (typeof at === 'function' ? items.some((item) => at(item)) : number >= at)
    if (fails && when === 'before') throw failure.next(`write ${number}, before it`)
    await work()
    if (fails) throw failure.next(`write ${number}, after it`)
  }
  return {
    ...plain,
    write: (items, transaction) => write(items, () => sink.write(items, transaction)),
    ...(prepare && {
      prepare: (items: readonly T[]) => {
        const prepared = prepare(items)
        return (transaction: Transaction) => write(items, () => prepared(transaction))
      },
    }),
  }
}
