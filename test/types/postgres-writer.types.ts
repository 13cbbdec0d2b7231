/** What postgresWriter infers, and the mistakes that must not compile. This file is compiled, never run. */
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'

interface Trade {
  readonly isin: string
  readonly quantity: number
  readonly note?: string
}
declare const trades: ItemReader<Trade>

export const explicit: ItemWriter<Trade> = postgresWriter<Trade>({
  table: 'trade',
  columns: ['isin', 'quantity', 'note'],
})

export const fromContext: ItemWriter<Trade> = postgresWriter({ table: 'trade', columns: ['isin'] })

export const mapped = postgresWriter<Trade>({
  table: { schema: 'accounts', name: 'trade' },
  columns: { isin: 'isin', amount: 'quantity', booked_on: (trade) => trade.note ?? null },
  onConflict: { keys: ['isin'], update: 'all' },
})

export const inferred = defineJob({
  name: 'import-trades',
  parameters: z.object({ table: z.string() }),
  steps: (step) => ({
    copied: step.chunk(
      { size: 10 },
      { reader: trades, writer: postgresWriter({ table: 'trade', columns: ['isin'] }) },
    ),
    processed: step.chunk(
      { size: 10 },
      {
        reader: trades,
        processor: (trade) => ({ ...trade, price: 1 }),
        writer: postgresWriter({ table: 'trade', columns: ['isin', 'price'] }),
      },
    ),
    mapped: step.chunk(
      { size: 10 },
      {
        reader: trades,
        writer: postgresWriter<Trade>({ table: 'trade', columns: { amount: (trade) => trade.quantity * 2 } }),
      },
    ),
    mappedByKey: step.chunk(
      { size: 10 },
      { reader: trades, writer: postgresWriter({ table: 'trade', columns: { amount: 'quantity' } }) },
    ),
    bound: step.chunk(
      { size: 10 },
      {
        reader: trades,
        writer: ({ parameters }) =>
          postgresWriter({ table: parameters.table, columns: ['isin', 'quantity'] }),
      },
    ),
  }),
})

export const mistakes = defineJob({
  name: 'mistakes',
  parameters: z.object({}),
  steps: (step) => ({
    unknownColumn: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error a trade has no price
        processor: (trade) => trade,
        writer: postgresWriter({ table: 'trade', columns: ['price'] }),
      },
    ),
    unknownColumnExplicit: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error a trade has no price
        writer: postgresWriter<Trade>({ table: 'trade', columns: ['price'] }),
      },
    ),
    unknownColumnCopied: step.chunk(
      { size: 10 },
      // @ts-expect-error a trade has no price
      { reader: trades, writer: postgresWriter({ table: 'trade', columns: ['price'] }) },
    ),
    unknownColumnBound: step.chunk(
      { size: 10 },
      // @ts-expect-error a trade has no price
      { reader: trades, writer: () => postgresWriter({ table: 'trade', columns: ['price'] }) },
    ),
  }),
})

// @ts-expect-error a trade has no price
export const unknownKey: ItemWriter<Trade> = postgresWriter({ table: 'trade', columns: ['price'] })

export const unknownKeyInMapping = postgresWriter<Trade>({
  table: 'trade',
  // @ts-expect-error a trade has no price
  columns: { amount: 'price' },
})

export const unknownFieldInFunction = postgresWriter<Trade>({
  table: 'trade',
  // @ts-expect-error a trade has no price
  columns: { amount: (trade) => trade.price },
})

export const misspeltOption = postgresWriter<Trade>({
  table: 'trade',
  columns: ['isin'],
  // @ts-expect-error it is onConflict
  onConflct: 'nothing',
})
