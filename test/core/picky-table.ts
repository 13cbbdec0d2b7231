/** A table in memory that refuses items, and what the quarantine has of them. */
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { memoryTable, type MemoryTable } from '../../src/testing/memory-table.ts'
import { BadItem } from './fault-job.ts'

export const SKIP_ALL = { on: Error, limit: 1_000 }

/** A memory table that refuses some items, and counts how often it was asked. */
export function picky(
  bad: readonly number[],
  error: (item: number) => Error = (item) => new BadItem(`no ${item}`),
) {
  const table: MemoryTable<number> = memoryTable<number>()
  const writes: (readonly number[])[] = []
  const writer: ItemWriter<number> = {
    ...table.writer,
    open: async (scope) => {
      const sink = await table.writer.open(scope)
      return {
        ...sink,
        write: async (items, transaction) => {
          writes.push(items)
          await sink.write(items, transaction)
          const first = items.find((item) => bad.includes(item))
          if (first !== undefined) throw error(first)
        },
      }
    },
  }
  return { table, writer, writes }
}

export async function quarantineOf(repository: JobRepository) {
  const entries = await repository.quarantine.list({ which: 'all', limit: 1_000 })
  return entries
    .map(({ phase, payload, position, error }) => ({ phase, payload, position, type: error.type }))
    .toSorted((one, other) => Number(one.position['item']) - Number(other.position['item']))
}
