/**
 * Lesson 7: several processes. A step whose processor keeps a core busy is split into ranges of a key; worker processes
 * claim them, each writes its rows in transactions of its own, and one aggregation sums up. Kill a worker while it runs:
 * another goes on behind its last chunk, and the sum stays the same.
 *
 *     npx batchwright run partitions day=2026-01-31
 *     npx batchwright show 42                          the partitions, and who worked on them
 *
 * For the same work in one process, to compare: BATCHWRIGHT_LESSON_PROCESSES=0 npx batchwright run partitions day=2026-02-01
 */
import { createHash } from 'node:crypto'
import { defineJob, rangePartitions } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const PROCESSES = Number(process.env['BATCHWRIGHT_LESSON_PROCESSES'] ?? 2)

export const partitions = defineJob({
  name: 'partitions',
  description: 'Splits work that keeps a core busy among worker processes',
  parameters: z.object({
    day: z.iso.date().describe('another day is another instance'),
    accounts: z.int().default(4000),
    rounds: z.int().default(300).describe('how hard the work on each account is'),
  }),
  steps: (step) => ({
    createTables: step.tasklet(async ({ transaction }) => {
      await pgClient(transaction).query(
        `create table if not exists account_seal (day date, account integer, seal text, primary key (day, account));
         create table if not exists seal_total (day date primary key, accounts integer, partitions integer)`,
      )
    }),

    seal: step.partitioned(
      {
        size: 100,
        processes: PROCESSES,
        partitions: ({ parameters }) => rangePartitions({ from: 1, to: parameters.accounts, parts: 8 }),
        aggregate: async ({ transaction, parameters, partitions }) => {
          const accounts = partitions.reduce((sum, { counts }) => sum + counts.writeCount, 0)
          await pgClient(transaction).query('insert into seal_total values ($1, $2, $3)', [
            parameters.day,
            accounts,
            partitions.length,
          ])
        },
      },
      {
        reader: ({ partition: { value } }) => iterableReader(() => numbers(value.from, value.to)),
        processor: (account, { parameters }) => ({
          day: parameters.day,
          account,
          seal: sealOf(`${parameters.day} ${account}`, parameters.rounds),
        }),
        writer: postgresWriter({ table: 'account_seal', columns: ['day', 'account', 'seal'] }),
      },
    ),
  }),
})

function* numbers(from: number, to: number): Generator<number> {
  for (let number = from; number <= to; number += 1) yield number
}

/** Stands for whatever keeps a core busy. */
function sealOf(text: string, rounds: number): string {
  let seal = text
  for (let round = 0; round < rounds; round += 1) seal = createHash('sha256').update(seal).digest('hex')
  return seal
}
