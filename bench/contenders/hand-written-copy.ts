/**
 * What a good developer writes in an afternoon: csv-parse, zod, chunks by COPY with pg-copy-streams, and a progress row
 * in the same transaction. Sequential, awaited step by step.
 */
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { Trade } from '../trade-schema.ts'
import { COLUMNS } from '../trade-file.ts'
import type { Load } from './contender.ts'

export async function handWrittenCopy({ file, connection, chunkSize }: Load): Promise<number> {
  const client = new Client(connection)
  await client.connect()
  try {
    await client.query(
      'create table if not exists bench_trade_progress (file text primary key, rows integer)',
    )
    await client.query(
      'insert into bench_trade_progress values ($1, 0) on conflict (file) do update set rows = 0',
      [file],
    )
    let chunk: (string | number)[][] = []
    let rows = 0
    const flush = async () => {
      rows += chunk.length
      await writeChunk(client, file, chunk, rows)
      chunk = []
    }
    for await (const record of createReadStream(file).pipe(parse({ columns: true, cast: false }))) {
      const trade = Trade.parse(record)
      chunk.push(COLUMNS.map((column) => trade[column]))
      if (chunk.length === chunkSize) await flush()
    }
    if (chunk.length > 0) await flush()
    return rows
  } finally {
    await client.end()
  }
}

async function writeChunk(
  client: Client,
  file: string,
  chunk: readonly (string | number)[][],
  rows: number,
): Promise<void> {
  await client.query('begin')
  const text = chunk.map((row) => `${row.map(copyField).join('\t')}\n`).join('')
  await pipeline(
    Readable.from([text]),
    client.query(copyFrom(`copy bench_trade (${COLUMNS.join(', ')}) from stdin`)),
  )
  await client.query('update bench_trade_progress set rows = $2 where file = $1', [file, rows])
  await client.query('commit')
}

function copyField(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '\\N'
  return String(value)
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
}
