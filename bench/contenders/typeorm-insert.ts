/** What most TypeScript services do: entities, inserted in chunks. */
import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { DataSource, EntitySchema } from 'typeorm'
import { Trade, type TradeRow } from '../trade-schema.ts'
import type { Load } from './contender.ts'

const BenchTrade = new EntitySchema<TradeRow>({
  name: 'bench_trade',
  columns: {
    id: { type: 'integer', primary: true },
    first_name: { type: 'text' },
    last_name: { type: 'text' },
    traded_on: { type: 'date' },
    quantity: { type: 'integer' },
    venue: { type: 'integer' },
    price: { type: 'numeric' },
    note: { type: 'text' },
  },
})

export async function typeormInsert({ file, connection, chunkSize }: Load): Promise<number> {
  const { host, port, user, database } = connection
  const source = await new DataSource({
    type: 'postgres',
    host,
    port,
    username: user,
    database,
    entities: [BenchTrade],
    installExtensions: false,
  }).initialize()
  try {
    const repository = source.getRepository(BenchTrade)
    let chunk: TradeRow[] = []
    let rows = 0
    const flush = async () => {
      await source.transaction((manager) => manager.withRepository(repository).insert(chunk))
      rows += chunk.length
      chunk = []
    }
    for await (const record of createReadStream(file).pipe(parse({ columns: true, cast: false }))) {
      chunk.push(Trade.parse(record))
      if (chunk.length === chunkSize) await flush()
    }
    if (chunk.length > 0) await flush()
    return rows
  } finally {
    await source.destroy()
  }
}
