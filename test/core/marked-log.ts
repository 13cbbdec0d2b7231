/** A log outside the repository with transactions of its own, and a writer that keeps its marks there. */
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { itemsFailed } from '../../src/core/ports/items-failed.ts'
import type { ChunkMark, KeptMark } from '../../src/core/ports/own-transaction.ts'

export interface MarkedLog<T> {
  readonly items: () => readonly T[]
  readonly mark: (id: string) => KeptMark | undefined
  readonly ids: () => readonly string[]
  readonly clear: () => void
  /** Forgets marks, or the last commits. */
  readonly forgetMarks: () => void
  readonly writer: ItemWriter<T>
}

export interface MarkedLogOptions<T> {
  /** Whether a mark keeps the reader's checkpoint too. */
  readonly keepsReader?: boolean
  readonly refuses?: (item: T) => Error | undefined
  /** Called before the log's own commit: may throw in its place. */
  readonly onCommit?: (mark: ChunkMark) => void
}

export function markedLog<T>(options: MarkedLogOptions<T> = {}): MarkedLog<T> {
  let committed: readonly T[] = []
  let marks = new Map<string, KeptMark>()
  /** Who opened the writer last under an id: the others are fenced. */
  const owners = new Map<string, symbol>()
  const writer: ItemWriter<T> = {
    kind: 'marked-log',
    description: 'a log with marks',
    guarantee: 'transactional',
    hasOwnTransaction: true,
    open: async ({ transactionId = 'none' }) => {
      let open: T[] = []
      const owner = Symbol(transactionId)
      owners.set(transactionId, owner)
      return {
        write: async (items) => {
          const failures = items.flatMap((item, index) => {
            const error = options.refuses?.(item)
            return error === undefined ? [] : [{ index, error }]
          })
          open.push(...items)
          if (failures.length > 0) throw itemsFailed(failures)
        },
        rolledBack: async () => void (open = []),
        ownTransaction: {
          lastMark: async () => marks.get(transactionId),
          commit: async (mark) => {
            if (owners.get(transactionId) !== owner) throw new Error('fenced')
            options.onCommit?.(mark)
            const { reader, ...others } = mark
            marks.set(transactionId, {
              ...others,
              ...(options.keepsReader === true && reader !== undefined && { reader }),
            })
            committed = [...committed, ...open]
            open = []
          },
        },
        close: async () => {},
      }
    },
  }
  return {
    items: () => committed,
    mark: (id) => marks.get(id),
    ids: () => [...marks.keys()],
    clear: () => {
      committed = []
      marks = new Map()
    },
    forgetMarks: () => void (marks = new Map()),
    writer,
  }
}
