/** What must compile, and each mistake that must not, reported where it was made. This file is compiled, never run. */
import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { nonIdentifying } from '../../src/core/definition/parameter-kind.ts'
import { FILTERED } from '../../src/core/model/filtered.ts'

interface Trade {
  readonly isin: string
  readonly quantity: number
}
declare const trades: ItemReader<Trade>
declare function tradesOf(file: string): ItemReader<Trade>
declare const tradeTable: ItemWriter<Trade>
declare const isinFile: ItemWriter<{ readonly isin: string }>
declare const anything: ItemWriter<unknown>
declare const nullable: ItemWriter<Trade | null>
declare function table<C extends string>(options: {
  columns: readonly C[]
}): ItemWriter<{ readonly [K in C]: unknown }>

const parameters = z.object({
  file: z.string(),
  chunkSize: nonIdentifying(z.int()).default(500),
  day: z.iso.date().optional(),
})

export const everythingInferred = defineJob({
  name: 'import-trades',
  parameters,
  steps: (step) => ({
    load: step.chunk(
      { size: ({ parameters }) => parameters.chunkSize },
      {
        reader: ({ parameters }) => tradesOf(parameters.file),
        processor: (trade, { parameters }) =>
          trade.quantity > 0 ? { ...trade, day: parameters.day } : FILTERED,
        writer: tradeTable,
      },
    ),
    copied: step.chunk({ size: 10 }, { reader: trades, writer: tradeTable }),
    bound: step.chunk(
      { size: 10 },
      { reader: ({ parameters }) => tradesOf(parameters.file), writer: tradeTable },
    ),
    boundBoth: step.chunk(
      { size: 10 },
      {
        reader: () => tradesOf('a.csv'),
        writer: ({ parameters }) => (parameters.file === '' ? tradeTable : isinFile),
      },
    ),
    narrowed: step.chunk({ size: 10 }, { reader: trades, writer: isinFile }),
    asynchronous: step.chunk(
      { size: 10, concurrency: 4 },
      {
        reader: trades,
        processor: async (trade) => (trade.quantity > 0 ? trade : FILTERED),
        writer: tradeTable,
      },
    ),
    nulls: step.chunk(
      { size: 10 },
      { reader: trades, processor: (trade) => (trade.quantity > 0 ? trade : null), writer: nullable },
    ),
    contextual: step.chunk(
      { size: 10 },
      {
        reader: trades,
        processor: (trade) => ({ ...trade, price: 1 }),
        writer: table({ columns: ['isin', 'price'] }),
      },
    ),
    contextualCopy: step.chunk({ size: 10 }, { reader: trades, writer: table({ columns: ['isin'] }) }),
    listened: step.chunk(
      { size: 10 },
      {
        reader: trades,
        writer: tradeTable,
        listeners: [
          { afterRead: (trade) => void trade.isin, afterChunk: (chunk) => void chunk.outputs[0]?.quantity },
        ],
      },
    ),
    report: step.tasklet(({ parameters, logger, signal }) => {
      signal.throwIfAborted()
      logger.info(parameters.file)
    }),
    again: step.tasklet({ startLimit: 2 }, async () => 'continue' as const),
  }),
})

export const mistakes = defineJob({
  name: 'mistakes',
  parameters,
  steps: (step) => ({
    misspeltOption: step.chunk(
      // @ts-expect-error a misspelt option
      { size: 10, overlapp: false },
      { reader: trades, writer: tradeTable },
    ),
    missingSize: step.chunk(
      // @ts-expect-error the size is missing
      {},
      { reader: trades, writer: tradeTable },
    ),
    misspeltPipelineKey: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error a misspelt pipeline key
        procesor: (trade: Trade) => trade,
        writer: tradeTable,
      },
    ),
    unknownParameter: step.chunk(
      { size: 10 },
      {
        // @ts-expect-error this job has no parameter `fil`
        reader: ({ parameters }) => tradesOf(parameters.fil),
        writer: tradeTable,
      },
    ),
    wrongParameterType: step.chunk(
      { size: 10 },
      {
        // @ts-expect-error chunkSize is a number
        reader: ({ parameters }) => tradesOf(parameters.chunkSize),
        writer: tradeTable,
      },
    ),
    wrongItem: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error the writer wants a quantity
        processor: (trade) => ({ isin: trade.isin }),
        writer: tradeTable,
      },
    ),
    wrongField: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error a trade has no price
        processor: (trade) => (trade.price > 0 ? trade : FILTERED),
        writer: tradeTable,
      },
    ),
    forgottenReturn: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error nothing is returned
        processor: (trade) => {
          void { ...trade, quantity: 1 }
        },
        writer: tradeTable,
      },
    ),
    forgottenReturnToAnyWriter: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error nothing is returned
        processor: (trade) => {
          void trade
        },
        writer: anything,
      },
    ),
    forgottenReturnInOneBranch: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error one branch returns nothing
        processor: (trade) => {
          if (trade.quantity > 0) return trade
        },
        writer: tradeTable,
      },
    ),
    nullIsNoFilter: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error null is data, and this writer does not take it
        processor: (trade) => (trade.quantity > 0 ? trade : null),
        writer: tradeTable,
      },
    ),
    missingProcessor: step.chunk(
      { size: 10 },
      // @ts-expect-error the writer wants trades, the reader gives less, and nothing stands between
      { reader: isins, writer: tradeTable },
    ),
    unknownColumn: step.chunk(
      { size: 10 },
      {
        reader: trades,
        // @ts-expect-error a trade has no price
        processor: (trade) => trade,
        writer: table({ columns: ['price'] }),
      },
    ),
    unitlessBackoff: step.chunk(
      {
        size: 10,
        // @ts-expect-error its unit is part of the name
        retry: { attempts: 2, backoff: { kind: 'exponential', initialMilliseconds: 1, max: 5 } },
      },
      { reader: isins, writer: table({ columns: ['isin'] }) },
    ),
    misspeltTaskletOption: step.tasklet(
      // @ts-expect-error a misspelt option
      { startLimits: 2 },
      () => 'done',
    ),
    wrongTaskletAnswer: step.tasklet(
      // @ts-expect-error neither `done` nor `continue`
      () => 'finished',
    ),
  }),
})
declare const isins: ItemReader<{ readonly isin: string }>

export const misspeltJobOption = defineJob({
  name: 'misspelt',
  parameters,
  // @ts-expect-error a misspelt option
  restartble: false,
  steps: (step) => ({ one: step.tasklet(() => 'done') }),
})

import { createBatch, memoryRepository } from '../../src/index.ts'
const batch = createBatch({ repository: memoryRepository(), jobs: [everythingInferred, mistakes] })
export const started = batch.operator.start(everythingInferred, { file: 'a.csv' })
// @ts-expect-error the parameter is missing
export const missingParameter = batch.operator.start(everythingInferred, {})
// @ts-expect-error no such parameter
export const unknownParameter = batch.operator.start(everythingInferred, { file: 'a.csv', fil: 'b' })
