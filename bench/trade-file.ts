/** The load of the file benchmarks: a delimited file of trades, about 87 bytes a row, some fields quoted. */
import { createWriteStream } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { once } from 'node:events'

export const COLUMNS = [
  'id',
  'first_name',
  'last_name',
  'traded_on',
  'quantity',
  'venue',
  'price',
  'note',
] as const

export const CREATE_TABLE = `
  create table if not exists bench_trade (
    id integer primary key, first_name text, last_name text, traded_on date,
    quantity integer, venue integer, price numeric, note text)`

const FIRST = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Frances', 'Niklaus', 'Radia']
const LAST = ['Lovelace', 'Hopper', 'Dijkstra', 'Liskov', 'Knuth', 'Allen', 'Wirth', 'Perlman']

/** Made once: the same rows for the same count. */
export async function tradeFile(path: string, rows: number): Promise<string> {
  const made = await stat(path).catch(() => undefined)
  if (made !== undefined) return path
  await mkdir(dirname(path), { recursive: true })
  const stream = createWriteStream(path)
  stream.write(`${COLUMNS.join(',')}\n`)
  for (let start = 1; start <= rows; start += 10_000) {
    const lines = Array.from({ length: Math.min(10_000, rows - start + 1) }, (_, index) =>
      tradeLine(start + index),
    )
    if (!stream.write(lines.join(''))) await once(stream, 'drain')
  }
  stream.end()
  await once(stream, 'close')
  return path
}

export function tradeLine(id: number): string {
  const day = String((id % 28) + 1).padStart(2, '0')
  const note = id % 10 === 0 ? `"late, by ${id % 97} minutes"` : `settled in ${id % 97} minutes`
  return `${id},${FIRST[id % 8]},${LAST[(id >> 3) % 8]},2026-01-${day},${id % 1000},${id % 40},${(id % 100_000) / 100},${note}\n`
}
