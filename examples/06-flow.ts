/**
 * Lesson 6: not every job goes straight on. This one looks for the bird strikes of a state, ends early where there are none,
 * decides how much to report, reports on two things at once, and waits for a person before it publishes.
 *
 *     npx batchwright describe state-report --mermaid           the picture
 *     npx batchwright run state-report state=Atlantis           COMPLETED with the exit code NOTHING TO REPORT
 *     npx batchwright run state-report state=Texas              STOPPED, waiting for approval
 *     npx batchwright run state-report state=Texas              goes on with `publish`, and with nothing before it
 */
import { defineJob, exitStatus, FILTERED } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const FILE = 'examples/data/birdstrikes.csv'

const Strike = z.object({
  'Origin State': z.string(),
  'Wildlife Species': z.string(),
  'Cost Total $': z.int(),
})

export const stateReport = defineJob({
  name: 'state-report',
  description: 'Reports the bird strikes of a state, as far as there are any',
  parameters: z.object({ state: z.string().describe('as the file spells it: Texas, New York …') }),
  steps: (step) => ({
    createTable: step.tasklet(async ({ transaction }) => {
      await pgClient(transaction).query(
        'create table if not exists state_strike (state text, species text, cost bigint)',
      )
    }),

    find: step.chunk(
      { size: 1000 },
      {
        reader: delimitedReader({ file: FILE, schema: Strike }),
        processor: (row, { parameters: { state } }) =>
          row['Origin State'] === state
            ? { state, species: row['Wildlife Species'], cost: row['Cost Total $'] }
            : FILTERED,
        writer: postgresWriter({ table: 'state_strike', columns: ['state', 'species', 'cost'] }),
        listeners: [
          {
            // The sums over all executions: after a restart the step's own counts are only those of the rest.
            afterStep: ({ reconciliation }) =>
              reconciliation?.totals.writeCount === 0 ? exitStatus('NOTHING FOUND') : undefined,
          },
        ],
      },
    ),

    cost: step.tasklet(async ({ parameters, transaction }) => {
      const { rows } = await pgClient(transaction).query<{ cost: string }>(
        'select sum(cost) as cost from state_strike where state = $1',
        [parameters.state],
      )
      console.error(`cost in ${parameters.state}: $${rows[0]?.cost}`)
    }),

    species: step.tasklet(async ({ parameters, transaction }) => {
      const { rows } = await pgClient(transaction).query<{ species: string }>(
        "select species from state_strike where state = $1 and species !~ 'Unknown' group by 1 order by count(*) desc limit 1",
        [parameters.state],
      )
      console.error(`most often hit in ${parameters.state}: ${rows[0]?.species}`)
    }),

    list: step.tasklet(({ parameters }) => {
      console.error(`only a few strikes in ${parameters.state}`)
    }),

    publish: step.tasklet(({ parameters }) => {
      console.error(`published: ${parameters.state}`)
    }),
  }),

  flow: ({ flow, decide, split, end, fail, stop }) =>
    flow('createTable', {
      createTable: 'find',
      find: { 'NOTHING FOUND': end('NOTHING TO REPORT'), COMPLETED: 'size', '*': fail() },
      size: decide(
        ({ stepExecution }) =>
          (stepExecution?.reconciliation?.totals.writeCount ?? 0) > 100 ? 'LARGE' : 'SMALL',
        {
          LARGE: 'reports',
          SMALL: 'list',
        },
      ),
      reports: split(
        { money: ['cost'], birds: ['species'] },
        { COMPLETED: stop({ restartAt: 'publish', exitCode: 'WAITING FOR APPROVAL' }) },
      ),
      list: 'publish',
    }),
})
