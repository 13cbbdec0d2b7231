/**
 * Lesson 14: a job that others launch over HTTP. The server runs it in a process of its own; end the server in the middle, with Ctrl-C
 * or with kill -9, start it again, and the job goes on where it was.
 *
 *     npx batchwright serve                                        on http://127.0.0.1:8080, until Ctrl-C
 *     export BATCHWRIGHT_SERVER=http://127.0.0.1:8080
 *     npx batchwright launch letters day=2026-01-31 --wait         asks it, and ends as the job does
 *     curl -s "$BATCHWRIGHT_SERVER/api/v1/jobs/letters/executions?wait=60s" \
 *       -H 'Content-Type: application/json' -d '{"parameters":{"day":"2026-02-01"}}'
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { defineJob } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { iterableReader } from 'batchwright/readers/iterable'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const LETTERS = 200
const MILLISECONDS_EACH = 10

export const letters = defineJob({
  name: 'letters',
  description: 'Writes a letter to each customer, slowly enough to be interrupted',
  parameters: z.object({ day: z.iso.date() }),
  steps: (step) => ({
    prepare: step.tasklet(async ({ transaction }) => {
      await pgClient(transaction).query(
        'create table if not exists letter (day date, customer integer, primary key (day, customer))',
      )
    }),
    write: step.chunk(
      { size: 20 },
      {
        reader: iterableReader(Array.from({ length: LETTERS }, (_, n) => n + 1)),
        processor: async (customer, { parameters: { day } }) => {
          await sleep(MILLISECONDS_EACH)
          return { day, customer }
        },
        writer: postgresWriter({ table: 'letter', columns: ['day', 'customer'] }),
      },
    ),
  }),
})
