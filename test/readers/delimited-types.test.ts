import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import { delimitedReader } from '../../src/readers/delimited.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type ItemOf<R> = R extends ItemReader<infer T> ? T : never
const same = <A, B>(..._equal: Equal<A, B> extends true ? [] : ['not the same type']): void => undefined

describe('delimited reader: types', () => {
  it('are inferred from schema, columns, line and nullText; mistakes do not compile', () => {
    const file = 'trades.csv'
    const schema = z.object({ isin: z.string(), quantity: z.number().nullable(), line: z.number() })

    const typed = delimitedReader({ file, schema, line: 'line', rename: { 'Quantity $': 'quantity' } })
    same<ItemOf<typeof typed>, { isin: string; quantity: number | null; line: number }>()
    const changed = delimitedReader({ file, schema: schema.transform(({ isin }) => isin) })
    same<ItemOf<typeof changed>, string>()
    const named = delimitedReader({ file, columns: ['isin', 'quantity'], line: 'at' })
    same<ItemOf<typeof named>, { isin: string; quantity: string; at: number }>()
    const nullable = delimitedReader({ file, columns: ['isin'], nullText: '' })
    same<ItemOf<typeof nullable>, { isin: string | null }>()
    const plain = delimitedReader({ file })
    same<ItemOf<typeof plain>, Record<string, string>>()

    // @ts-expect-error the schema has no field of that name for the line
    delimitedReader({ file, schema, line: 'lineNumber' })
    // @ts-expect-error the schema has no field of that name
    delimitedReader({ file, schema, rename: { Quantity: 'quantty' } })
    // @ts-expect-error a misspelt option
    delimitedReader({ file, delimeter: ';' })
    // @ts-expect-error the items are trades, not strings
    typed satisfies ItemReader<string>
  })
})
