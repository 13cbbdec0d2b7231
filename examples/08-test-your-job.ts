/**
 * Lesson 8: kill your job before the night does. A test of a job in some milliseconds, without a server: what it writes,
 * what it does with a broken record, and that it can be killed anywhere. Any test runner will do; this is Node's.
 *
 *     npm run build && node --test dist/examples/08-test-your-job.js
 */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { defineJob, FILTERED } from 'batchwright'
import type { ItemReader, ItemWriter } from 'batchwright/ports'
import { delimitedReader } from 'batchwright/readers/delimited'
import { everyKillPoint, failingReader, memoryTable, runJob, runStep, testBatch } from 'batchwright/testing'
import { z } from 'zod'

const Strike = z.object({ 'Origin State': z.string(), 'Cost Total $': z.int() })
type Strike = z.infer<typeof Strike>

const Expense = z.object({ state: z.string(), cost: z.int() })
type Expense = z.infer<typeof Expense>

/** Reader and writer come from outside: a file and a table in production, whatever a test likes in a test. */
const expensiveStrikes = (reader: ItemReader<Strike>, writer: ItemWriter<Expense>) =>
  defineJob({
    name: 'expensive-strikes',
    parameters: z.object({ atLeast: z.int() }),
    steps: (step) => ({
      load: step.chunk(
        { size: 1000 },
        {
          reader,
          processor: (strike, { parameters, stepContext }) => {
            const { 'Origin State': state, 'Cost Total $': cost } = strike
            if (cost < parameters.atLeast) return FILTERED
            stepContext.set('total', Number(stepContext.get('total') ?? 0) + cost)
            return { state, cost }
          },
          writer,
        },
      ),
      check: step.tasklet(({ jobContext }) => {
        if (jobContext.get('broken') === true) throw new Error('the total does not add up')
      }),
    }),
  })

const file = delimitedReader({ file: 'examples/data/birdstrikes.csv', schema: Strike })
const AT_LEAST = { atLeast: 100_000 }

void describe('The job expensive-strikes', () => {
  const table = memoryTable<Expense>()
  beforeEach(table.clear)

  void it('writes the expensive strikes and filters the others', async () => {
    const { step } = (await runJob(expensiveStrikes(file, table.writer), AT_LEAST)).completed()
    const { readCount, writeCount, filterCount, context } = step('load')
    assert.equal(readCount, 10_000)
    assert.equal(writeCount + filterCount, 10_000)
    assert.equal(table.rows().length, writeCount)
    assert.equal(
      table.rows().reduce((sum, { cost }) => sum + cost, 0),
      context['total'],
    )
  })

  void it('goes on behind the last committed chunk when its file could not be read', async () => {
    const batch = testBatch()
    const job = expensiveStrikes(failingReader(file, { at: 4_321, times: 1 }), table.writer)
    const failed = await batch.runJob(job, AT_LEAST)
    assert.equal(failed.step('load').readCount, 4_000)
    const restarted = (await batch.runJob(job, AT_LEAST)).completed()
    assert.equal(restarted.step('load').readCount, 6_000)
  })

  void it('fails in its check when that finds something', async () => {
    const job = expensiveStrikes(file, table.writer)
    const check = await runStep(job, 'check', AT_LEAST, { jobContext: { broken: true } })
    assert.match(String(check.error), /does not add up/)
  })

  void it('can be killed anywhere: every row is written once, and counted once', async () => {
    const { points } = await everyKillPoint(expensiveStrikes(file, table.writer), {
      parameters: AT_LEAST,
      output: table.rows,
      reset: table.clear,
      sample: 30,
    })
    assert.ok(points.includes('step load, chunk 3: after write'))
  })

  void it('would be found out if its writer did not take part in the transaction', async () => {
    const careless: ItemWriter<Expense> = {
      kind: 'careless',
      description: 'rows at once',
      guarantee: 'transactional',
      open: async () => ({ write: async (rows) => table.insert(rows), close: async () => {} }),
    }
    const kills = everyKillPoint(expensiveStrikes(file, careless), {
      parameters: AT_LEAST,
      output: table.rows,
      reset: table.clear,
      phases: ['after write'],
      sample: 3,
    })
    await assert.rejects(kills, /after write: output: \d+ too often: { state: '.*', cost: \d+ }/)
  })
})
