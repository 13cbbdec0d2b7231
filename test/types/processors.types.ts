/** What processors must infer inside a step, and the mistakes they must show. This file is compiled, never run. */
import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { FILTERED } from '../../src/core/model/filtered.ts'
import { classify, composeProcessors, filter, peek, validated } from '../../src/processors/index.ts'

interface Trade {
  readonly isin: string
  readonly quantity: number
}
type Order =
  | { readonly kind: 'buy'; readonly price: number }
  | { readonly kind: 'sell'; readonly price: number; readonly lot: string }
declare const trades: ItemReader<Trade>
declare const orders: ItemReader<Order>
declare const tradeTable: ItemWriter<Trade>
declare const isinFile: ItemWriter<{ readonly isin: string }>
declare const numberFile: ItemWriter<number>
const parameters = z.object({ day: z.iso.date() })
const Checked = z.object({ isin: z.string().length(12), quantity: z.int() })

export const inferred = defineJob({
  name: 'inferred',
  parameters,
  steps: (step) => ({
    peeked: step.chunk(
      { size: 10 },
      { reader: trades, processor: peek((trade) => void trade.isin), writer: tradeTable },
    ),
    filtered: step.chunk(
      { size: 10 },
      { reader: trades, processor: filter((trade) => trade.quantity > 0), writer: tradeTable },
    ),
    checked: step.chunk({ size: 10 }, { reader: trades, processor: validated(Checked), writer: tradeTable }),
    chained: step.chunk(
      { size: 10 },
      {
        reader: trades,
        processor: composeProcessors(
          validated(Checked),
          (trade, { parameters }) => ({ ...trade, day: parameters.day }),
          (trade) => (trade.quantity > 0 ? { isin: trade.isin + trade.day } : FILTERED),
        ),
        writer: isinFile,
      },
    ),
    chainedFromTheReader: step.chunk(
      { size: 10 },
      {
        reader: trades,
        processor: composeProcessors(
          (trade) => trade.quantity,
          async (quantity) => quantity + 1,
        ),
        writer: numberFile,
      },
    ),
    classified: step.chunk(
      { size: 10 },
      {
        reader: orders,
        processor: classify((order) => order.kind, {
          buy: (order) => order.price,
          sell: (order) => -order.price,
        }),
        writer: numberFile,
      },
    ),
    otherwise: step.chunk(
      { size: 10 },
      {
        reader: trades,
        processor: classify(
          (trade) => trade.isin.slice(0, 2),
          { DE: (trade) => trade.quantity },
          (trade) => -trade.quantity,
        ),
        writer: numberFile,
      },
    ),
  }),
})

export const mistakes = defineJob({
  name: 'mistakes',
  parameters,
  steps: (step) => ({
    classWithoutProcessor: step.chunk(
      { size: 10 },
      {
        reader: orders,
        // @ts-expect-error sell orders have no processor
        processor: classify((order) => order.kind, { buy: (order) => order.price }),
        writer: numberFile,
      },
    ),
    brokenChain: step.chunk(
      { size: 10 },
      {
        reader: trades,
        processor: composeProcessors(
          (trade) => trade.isin,
          // @ts-expect-error the first one returns a text
          (isin: number) => isin + 1,
        ),
        writer: numberFile,
      },
    ),
    wrongEnd: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error the chain ends in a number
        processor: composeProcessors(
          (trade) => trade.isin,
          (isin) => isin.length,
        ),
        writer: isinFile,
      },
    ),
  }),
})
