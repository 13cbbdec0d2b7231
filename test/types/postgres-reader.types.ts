/** What postgresReader and iterableReader infer, and the mistakes that must not compile. Compiled, never run. */
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { postgresReader } from '../../src/readers/postgres.ts'

interface Trade {
  readonly id: bigint
}

export const bySchema: ItemReader<Trade> = postgresReader({
  table: 'trade',
  orderBy: 'id',
  schema: z.object({ id: z.bigint() }),
})
export const byWord: ItemReader<Trade> = postgresReader<Trade>({
  query: 'select id from trade where quantity > $1',
  parameters: [10],
  orderBy: [{ column: 'id', direction: 'desc' }],
})
export const unknownRows: ItemReader<Readonly<Record<string, unknown>>> = postgresReader({
  table: 'trade',
  orderBy: 'id',
})

// @ts-expect-error an order is needed
postgresReader({ table: 'trade' })
// @ts-expect-error either a table or a query
postgresReader({ table: 'trade', query: 'select 1', orderBy: 'id' })
// @ts-expect-error neither up nor down
postgresReader({ table: 'trade', orderBy: { column: 'id', direction: 'up' } })
// @ts-expect-error a condition belongs to a table
postgresReader({ query: 'select 1', where: 'true', orderBy: 'id' })

export const numbers: ItemReader<number> = iterableReader([1, 2, 3])
export const texts: ItemReader<string> = iterableReader(async () => new Set(['a']))
export const generated: ItemReader<number | null> = iterableReader(async function* () {
  yield 1
  yield null
})
export const streamed: ItemReader<Trade> = iterableReader<Trade>(() => Readable.from([]))

// @ts-expect-error numbers are no texts
export const wrong: ItemReader<string> = iterableReader([1, 2, 3])
// @ts-expect-error a misspelt option
iterableReader([1], { repeatble: false })
