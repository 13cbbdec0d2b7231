/** Writes each item with the writer of its class. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ItemWriter } from '../core/ports/item-writer.ts'
import type { ItemFailure } from '../core/ports/items-failed.ts'
import { delegatingWriter } from '../delegation/delegating-writer.ts'
import type { Share, Sharing } from '../delegation/delegating-sink.ts'

/**
 * Items of one class keep their order. All writers are opened, completed and closed with the step, also those whose class
 * never comes; a restart goes on behind the last committed chunk in each of them. The guarantee is that of the weakest.
 *
 * An item of a class without a writer fails by itself, naming the class.
 *
 * @throws BatchError INVALID_WRITER_OPTIONS at once for no writers
 */
export function classifierWriter<T, K extends string>(
  classOf: (item: T) => K,
  writers: Readonly<Record<K, ItemWriter<NoInfer<T>>>>,
): ItemWriter<T> {
  const byClass = new Map(Object.entries<ItemWriter<T>>(writers))
  if (byClass.size === 0)
    throw new BatchError(
      'INVALID_WRITER_OPTIONS',
      'classifierWriter has no writers: give it at least one class',
    )
  return classifierOf(classOf, byClass as ReadonlyMap<string, ItemWriter<unknown>>)
}

function classifierOf<T>(
  classOf: (item: T) => string,
  writers: ReadonlyMap<string, ItemWriter<unknown>>,
): ItemWriter<T> {
  return delegatingWriter({
    kind: 'classifier',
    writers,
    sharing: byClass(classOf, [...writers.keys()]),
    withWriters: (others) => classifierOf(classOf, others),
  })
}

interface GrowingShare extends Share {
  readonly items: unknown[]
  readonly indexes: number[]
}

function byClass<T>(classOf: (item: T) => string, names: readonly string[]): Sharing<T> {
  return {
    exclusive: true,
    shares: (items) => {
      const shares = new Map<string, GrowingShare>(
        names.map((name) => [name, { name, items: [], indexes: [] }]),
      )
      const refused: ItemFailure[] = []
      for (const [index, item] of items.entries()) {
        const itemClass = classOf(item)
        const share = shares.get(itemClass)
        if (share === undefined) refused.push({ index, error: withoutWriter(itemClass, names) })
        else {
          share.items.push(item)
          share.indexes.push(index)
        }
      }
      return { taken: [...shares.values()].filter((share) => share.items.length > 0), refused }
    },
  }
}

function withoutWriter(itemClass: string, names: readonly string[]): Error {
  return new Error(
    `the item is of class ${JSON.stringify(itemClass)}, for which there is no writer: there are ${names.join(', ')}`,
  )
}
