/**
 * Lesson 3: pull the plug. The first run kills its own process with SIGKILL in the middle of a file; the second, with
 * the same parameters, goes on behind the last committed chunk, and the last step shows that every row is there once.
 *
 *     npx batchwright run crash-and-restart day=2026-01-31      killed
 *     npx batchwright run crash-and-restart day=2026-01-31      restarted, and the sums agree
 */
import { defineJob } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const FILE = 'examples/data/birdstrikes.csv'

const Cost = z.object({ line: z.int(), 'Cost Total $': z.int() })

export const crashAndRestart = defineJob({
  name: 'crash-and-restart',
  description: 'Kills itself in the middle of an import, and is none the worse for it',
  parameters: z.object({
    day: z.iso.date().describe('another day is another instance, which crashes anew'),
    crashAtLine: z.int().default(6000),
  }),
  steps: (step) => ({
    createTable: step.tasklet(async ({ transaction }) => {
      await pgClient(transaction).query(
        'create table if not exists strike_cost (day date, line integer, cost bigint, primary key (day, line))',
      )
    }),

    load: step.chunk(
      { size: 500 },
      {
        reader: delimitedReader({ file: FILE, schema: Cost, line: 'line' }),
        processor: (row, { parameters, stepContext, stepExecution }) => {
          const isFirstRun =
            stepExecution.executionContext.kind === 'readable' &&
            stepExecution.executionContext.values['rows'] === undefined
          if (isFirstRun && row.line === parameters.crashAtLine) process.kill(process.pid, 'SIGKILL')
          stepContext.set('rows', Number(stepContext.get('rows') ?? 0) + 1)
          return { day: parameters.day, line: row.line, cost: row['Cost Total $'] }
        },
        writer: postgresWriter({ table: 'strike_cost', columns: ['day', 'line', 'cost'] }),
      },
    ),

    compare: step.tasklet(async ({ parameters, transaction }) => {
      const client = pgClient(transaction)
      const { rows } = await client.query<{ strikes: string; cost: string }>(
        'select count(*) as strikes, sum(cost) as cost from strike_cost where day = $1',
        [parameters.day],
      )
      const inTable = `${rows[0]?.strikes} rows, $${rows[0]?.cost}`
      const inFile = await sumOfFile()
      console.error(`in the file:  ${inFile}\nin the table: ${inTable}`)
      if (inFile !== inTable) throw new Error('The sums differ: a row was lost or doubled.')
      console.error('The sums agree: the crash has lost nothing and doubled nothing.')
    }),
  }),
})

/** Counted by other means than those of the job, so that it proves something. */
async function sumOfFile(): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  const [, ...lines] = (await readFile(FILE, 'utf8')).trimEnd().split('\n')
  const costs = lines.map((line) => Number(line.split(',').at(-2)))
  return `${costs.length} rows, $${costs.reduce((sum, cost) => sum + cost, 0)}`
}
