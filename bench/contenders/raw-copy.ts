/** The limit of a Node process: the file's bytes into COPY, nothing parsed, one transaction. */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { Load } from './contender.ts'

export async function rawCopy({ file, connection }: Load): Promise<number> {
  const client = new Client(connection)
  await client.connect()
  try {
    const copy = client.query(copyFrom('copy bench_trade from stdin with (format csv, header)'))
    await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), copy)
    return copy.rowCount
  } finally {
    await client.end()
  }
}
