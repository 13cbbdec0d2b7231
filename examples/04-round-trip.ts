/**
 * Lesson 4: Postgres → CSV → Postgres → CSV, and the two files are equal byte for byte: nulls stay nulls, empty texts
 * stay empty texts, numbers keep their digits and times their microseconds.
 *
 *     npx batchwright run round-trip folder=out/round-trip
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineJob } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresReader } from 'batchwright/readers/postgres'
import { delimitedWriter } from 'batchwright/writers/delimited'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const COLUMNS = ['id', 'name', 'note', 'amount', 'booked_at', 'big'] as const

const columnsOf = (table: string) =>
  `create table if not exists ${table} (id bigint primary key, name text not null, note text, amount numeric, booked_at timestamptz, big bigint)`

const FILL = `
  insert into round_trip_source
  select n, case when n % 3 = 0 then 'quote " and, comma' when n % 3 = 1 then E'two\\nlines' else 'plain ' || n end,
         case when n % 5 = 0 then null when n % 5 = 1 then '' else ' note ' || n end,
         (n * 1.10)::numeric(20, 4), timestamptz '2026-01-01 00:00:00Z' + n * interval '1.000001 seconds', 9007199254740993 + n
    from generate_series(1, 5000) as n
  on conflict do nothing`

const Row = z.object({
  id: z.bigint(),
  name: z.string(),
  note: z.string().nullable(),
  amount: z.string().nullable(),
  booked_at: z.string().nullable(),
  big: z.bigint().nullable(),
})

export const roundTrip = defineJob({
  name: 'round-trip',
  description: 'Postgres to CSV and back again, equal byte for byte',
  parameters: z.object({ folder: z.string() }),
  steps: (step) => ({
    prepare: step.tasklet(async ({ transaction }) => {
      const client = pgClient(transaction)
      await client.query(columnsOf('round_trip_source'))
      await client.query(columnsOf('round_trip_copy'))
      await client.query('truncate round_trip_copy')
      await client.query(FILL)
    }),

    export: step.chunk(
      { size: 500 },
      {
        reader: postgresReader({ table: 'round_trip_source', orderBy: ['id'], schema: Row }),
        writer: ({ parameters }) =>
          delimitedWriter({ file: join(parameters.folder, 'first.csv'), columns: COLUMNS }),
      },
    ),

    import: step.chunk(
      { size: 500 },
      {
        reader: ({ parameters }) =>
          delimitedReader({ file: join(parameters.folder, 'first.csv'), schema: Row }),
        writer: postgresWriter({ table: 'round_trip_copy', columns: COLUMNS }),
      },
    ),

    exportAgain: step.chunk(
      { size: 500 },
      {
        reader: postgresReader({ table: 'round_trip_copy', orderBy: ['id'], schema: Row }),
        writer: ({ parameters }) =>
          delimitedWriter({ file: join(parameters.folder, 'second.csv'), columns: COLUMNS }),
      },
    ),

    compare: step.tasklet(async ({ parameters }) => {
      const [first, second] = await Promise.all(
        ['first.csv', 'second.csv'].map((name) => readFile(join(parameters.folder, name))),
      )
      if (first === undefined || second === undefined || !first.equals(second))
        throw new Error('The two files differ.')
      console.error(`Equal byte for byte: ${first.length.toLocaleString('en-US')} bytes`)
    }),
  }),
})
