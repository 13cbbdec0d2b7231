import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'

interface Trade {
  readonly isin: string
  readonly quantity: number | null
  readonly tags: readonly string[]
}

describe('delimited writer: types', () => {
  it('are inferred from the columns; mistakes do not compile', () => {
    const file = 'trades.csv'
    delimitedWriter({ file, columns: ['isin', 'quantity'] }) satisfies ItemWriter<Trade>
    const tags = { key: 'tags', format: (all: readonly string[]) => all.join() } as const
    delimitedWriter({ file, columns: ['isin', tags] }) satisfies ItemWriter<Trade>
    const computed = { header: 'n', value: (trade: Trade) => trade.tags.length }
    delimitedWriter({
      file,
      columns: [{ key: 'isin', header: 'ISIN' }, computed],
    }) satisfies ItemWriter<Trade>

    // @ts-expect-error an item has no such key
    delimitedWriter({ file, columns: ['isn'] }) satisfies ItemWriter<Trade>
    // @ts-expect-error a list has no text without a format
    delimitedWriter({ file, columns: ['tags'] }) satisfies ItemWriter<Trade>
    const wrong = { key: 'isin', format: (isin: number) => isin } as const
    // @ts-expect-error the format takes another type than the item has
    delimitedWriter({ file, columns: [wrong] }) satisfies ItemWriter<Trade>
    // @ts-expect-error a misspelt option
    delimitedWriter({ file, columns: ['isin'], headers: true })
  })
})
