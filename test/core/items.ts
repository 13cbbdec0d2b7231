/** Readers and writers for the engine's tests: arrays in, arrays out, and failures on demand. */
import type { ItemReader, OpenedReader, ReadFault } from '../../src/core/ports/item-reader.ts'
import type { Transaction } from '../../src/core/ports/resource.ts'
import type { ItemSink, ItemWriter, WriterScope } from '../../src/core/ports/item-writer.ts'

export interface ListReaderOptions {
  /** Rejects when it is about to hand over the item at this index. */
  readonly failAt?: number
  /** Hands over at most this many items a page. */
  readonly pageSize?: number
  readonly onRead?: (limit: number) => unknown
  /** The items at these indexes are records that cannot be made into items. */
  readonly faultsAt?: readonly number[]
  /** May be asked again after a rejection of `onRead`. */
  readonly repeatable?: true
}

export class BadRecord extends Error {}

/** Its checkpoint is the index of the next item. */
export function listReader<T>(
  items: readonly T[],
  options: ListReaderOptions = {},
): ItemReader<T> & { readonly opened: unknown[]; closed: number } {
  const reader = {
    kind: 'list',
    description: `list of ${items.length}`,
    opened: [] as unknown[],
    closed: 0,
    open: async ({ from }: { from: unknown }): Promise<OpenedReader<T>> => {
      reader.opened.push(from)
      let next = from === undefined ? 0 : Number(from)
      return {
        read: async (limit) => {
          await options.onRead?.(limit)
          const start = next
          const full = Math.min(items.length, start + Math.min(limit, options.pageSize ?? limit))
          const bad = options.faultsAt?.find((index) => index >= start && index < full)
          const end = bad ?? full
          if (options.failAt !== undefined && options.failAt < end)
            throw new Error(`cannot read item ${options.failAt}`)
          if (start >= items.length) return undefined
          next = bad === undefined ? end : end + 1
          return {
            items: items.slice(start, end),
            checkpointAfter: (index) => start + index + 1,
            positionOf: (index) => ({ item: start + index }),
            ...(bad !== undefined && { fault: faultAt(bad, items[bad]) }),
          }
        },
        ...(options.repeatable && { repeatable: options.repeatable }),
        progress: () => ({ done: next, total: items.length, unit: 'items' }),
        close: async () => void (reader.closed += 1),
      }
    },
  }
  return reader
}

function faultAt(index: number, record: unknown): ReadFault {
  return {
    error: new BadRecord(`record ${index} is bad`),
    raw: String(record),
    position: { item: index },
    checkpointAfter: index + 1,
  }
}

export interface ListWriter<T> extends ItemWriter<T> {
  /** One entry a chunk, in the order of the calls. */
  readonly chunks: (readonly T[])[]
  readonly scopes: WriterScope[]
  readonly calls: string[]
}

export function listWriter<T>(
  options: {
    readonly onWrite?: (items: readonly T[], call: number) => unknown
    readonly onComplete?: () => unknown
    readonly onClose?: () => unknown
    /** Gives the sink a `prepare`. */
    readonly onPrepare?: (items: readonly T[]) => unknown
  } = {},
): ListWriter<T> {
  const chunks: (readonly T[])[] = []
  const scopes: WriterScope[] = []
  const calls: string[] = []
  let call = 0
  const sink: ItemSink<T> = {
    write: async (items) => {
      calls.push(`write ${items.length}`)
      await options.onWrite?.(items, call++)
      chunks.push(items)
    },
    ...(options.onPrepare === undefined
      ? {}
      : {
          prepare: (items: readonly T[]) => {
            options.onPrepare?.(items)
            return (transaction: Transaction) => sink.write(items, transaction)
          },
        }),
    rolledBack: async () => void calls.push('rolledBack'),
    complete: async ({ writeCount }) => {
      calls.push(`complete ${writeCount}`)
      await options.onComplete?.()
    },
    close: async () => {
      calls.push('close')
      await options.onClose?.()
    },
  }
  const open = async (scope: WriterScope) => {
    scopes.push(scope)
    return sink
  }
  return { kind: 'list', description: 'list', guarantee: 'at-least-once', chunks, scopes, calls, open }
}

export const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** A promise and its ends, to hold things at a named point. */
export function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = () => {}
  const passed = new Promise<void>((resolve) => (open = resolve))
  return { passed, open }
}
