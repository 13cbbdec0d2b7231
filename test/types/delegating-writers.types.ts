/** What composite and classifier writers must take, and the mistakes they must show. This file is compiled, never run. */
import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { classifierWriter } from '../../src/writers/classifier.ts'
import { compositeWriter } from '../../src/writers/composite.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'

interface Order {
  readonly kind: 'buy' | 'sell'
  readonly price: number
}
declare const orders: ItemReader<Order>
declare const orderTable: ItemWriter<Order>
declare const priceFile: ItemWriter<{ readonly price: number }>
declare const textFile: ItemWriter<{ readonly text: string }>

export const accepted = defineJob({
  name: 'accepted',
  parameters: z.object({}),
  steps: (step) => ({
    both: step.chunk({ size: 10 }, { reader: orders, writer: compositeWriter([orderTable, priceFile]) }),
    ours: step.chunk(
      { size: 10 },
      {
        reader: orders,
        processor: ({ price }) => ({ price }),
        writer: compositeWriter([
          postgresWriter({ table: 'price', columns: ['price'] }),
          delimitedWriter({ file: 'prices.csv', columns: ['price'] }),
        ]),
      },
    ),
    byKind: step.chunk(
      { size: 10 },
      {
        reader: orders,
        writer: classifierWriter((order: Order) => order.kind, { buy: orderTable, sell: priceFile }),
      },
    ),
  }),
})

export const mistakes = defineJob({
  name: 'mistakes',
  parameters: z.object({}),
  steps: (step) => ({
    wrongItem: step.chunk(
      { size: 10 },
      // @ts-expect-error orders have no text
      { reader: orders, writer: compositeWriter([orderTable, textFile]) },
    ),
    classWithoutWriter: step.chunk(
      { size: 10 },
      {
        reader: orders,
        // @ts-expect-error sell orders have no writer
        writer: classifierWriter((order: Order) => order.kind, { buy: orderTable }),
      },
    ),
  }),
})
