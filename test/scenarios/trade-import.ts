/** The job that the scenarios kill: a file of trades into a table, with a filter, so that every count has work. */
import { writeFile } from 'node:fs/promises'
import { createBatch, defineJob, FILTERED } from 'batchwright'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresRepository, type PostgresRepositoryOptions } from 'batchwright/repository/postgres'
import type { ItemWriter } from 'batchwright/ports'
import { postgresWriter } from 'batchwright/writers/postgres'
import type { Pool } from 'pg'
import { z } from 'zod'
import { pino } from 'pino'
import type { Batch } from '../../src/create-batch.ts'

const Trade = z.object({
  id: z.int(),
  isin: z.string().length(12),
  quantity: z.int(),
  price: z.number(),
  note: z.string(),
})

type TradeWriter = ItemWriter<Record<(typeof COLUMNS)[number], unknown>>

const COLUMNS = ['id', 'isin', 'quantity', 'price', 'note', 'amount'] as const

/** `around` may put something between the writer and the engine. */
export const importTradesWith = (around: (writer: TradeWriter) => TradeWriter) =>
  defineJob({
    name: 'import-trades',
    parameters: z.object({ file: z.string(), table: z.string() }),
    steps: (step) => ({
      load: step.chunk(
        { size: 500 },
        {
          reader: ({ parameters }) => delimitedReader({ file: parameters.file, schema: Trade }),
          processor: (trade) =>
            trade.quantity === 0 ? FILTERED : { ...trade, amount: trade.quantity * trade.price },
          writer: ({ parameters }) => around(postgresWriter({ table: parameters.table, columns: COLUMNS })),
        },
      ),
    }),
  })

export const importTrades = importTradesWith((writer) => writer)

/** No key on purpose: a row that is written twice must show. */
export const createTradeTable = (table: string): string =>
  `create table ${table} (id integer, isin text, quantity integer, price numeric, note text, amount numeric)`

export async function writeTradeFile(path: string, rows: number): Promise<void> {
  const lines = Array.from({ length: rows }, (_, index) => {
    const note = index % 50 === 0 ? '"two\nlines, and a ""quote"""' : `note ${index}`
    return `${index},ISIN${String(index).padStart(8, '0')},${index % 10},${(index % 997) / 4},${note}\n`
  })
  await writeFile(path, `id,isin,quantity,price,note\n${lines.join('')}`)
}

export async function tradeBatch(
  options: PostgresRepositoryOptions,
  leaseMilliseconds = 30_000,
  job: typeof importTrades = importTrades,
): Promise<Batch> {
  return createBatch({
    repository: await postgresRepository({ leaseMilliseconds, ...options }),
    jobs: [job],
    leaseMilliseconds,
    logger: pino({ level: 'silent' }),
  })
}

export interface LoadResult {
  readonly rows: number
  readonly fingerprint: string
}

/** Every row of the table, in an order of its own, in one hash. */
export async function fingerprintOf(pool: Pool, table: string): Promise<LoadResult> {
  const { rows } = await pool.query<{ rows: number; fingerprint: string }>(
    `select count(*)::int as rows, md5(string_agg(t::text, ';' order by t.id, t::text)) as fingerprint from ${table} as t`,
  )
  return rows[0] ?? { rows: 0, fingerprint: '' }
}

/** Summed over all step executions of the instances that loaded this table. */
export async function countsOf(pool: Pool, schema: string, table: string): Promise<Record<string, number>> {
  const { rows } = await pool.query<Record<string, number>>(
    `select sum(s.read_count)::int as "readCount", sum(s.write_count)::int as "writeCount",
            sum(s.filter_count)::int as "filterCount", sum(s.commit_count)::int as "commitCount"
       from ${schema}.batch_step_execution s
       join ${schema}.batch_job_execution_params p using (job_execution_id)
      where p.parameter_name = 'table' and p.parameter_value = $1`,
    [table],
  )
  return rows[0] ?? {}
}
