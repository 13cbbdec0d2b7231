import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { listPartitions } from '../../src/core/definition/partitioners.ts'
import type { StartedJob } from '../../src/core/operator/started-job.ts'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { listReader, listWriter } from '../core/items.ts'
import { commandHere } from './command-here.ts'
import { environmentOf, jsonOf } from './command.ts'

interface Gate {
  readonly opened: Promise<void>
  readonly open: () => void
}

function gate(): Gate {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

const QUICK = 30
/** Times are shown in milliseconds: what is to be later must be so by more than one. */
const CLOCK_STEP_MILLISECONDS = 5

describe('show, of an execution with partitions at work', () => {
  let database: TestDatabase
  let batch: Batch
  let started: StartedJob
  const [xIsAtWork, yHasCommitted, xHasCommitted, end] = [gate(), gate(), gate(), gate()]

  /** `x` is begun before `y`, and commits its first chunk after it: `y` is silent for longer. */
  async function work(part: string, item: number): Promise<void> {
    if (part.startsWith('bad')) throw new Error(`cannot do ${part}`)
    if (part === 'x' && item === 1) {
      xIsAtWork.open()
      await yHasCommitted.opened
      await sleep(CLOCK_STEP_MILLISECONDS)
    }
    if (part === 'y' && item === 1) await xIsAtWork.opened
    if (item === 2 && part === 'x') xHasCommitted.open()
    if (item === 2 && part === 'y') yHasCommitted.open()
    if (item === 2 && part.length === 1) await end.opened
  }

  const job = defineJob({
    name: 'parts',
    parameters: z.object({}),
    steps: (step) => ({
      load: step.partitioned(
        {
          size: 1,
          concurrency: 2,
          overlap: false,
          partitions: () => {
            const quick = Array.from({ length: QUICK }, (_, n) => (n % 10 === 4 ? `bad${n}` : `good${n}`))
            return listPartitions([...quick, 'x', 'y', 'never'], (name) => name)
          },
        },
        {
          reader: ({ partition }) => listReader(partition.value === '' ? [] : [1, 2]),
          processor: async (item, { partition }) => {
            await work(partition.value, item)
            return item
          },
          writer: listWriter<number>(),
        },
      ),
    }),
  })

  before(async () => {
    database = await testDatabase()
    const { connection, schema } = database
    const repository = await postgresRepository({ connection, schema })
    batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    started = await batch.operator.start(job, {})
    await Promise.race([xHasCommitted.opened, started.ended])
  })

  after(async () => {
    end.open()
    await started.ended
    await batch.close()
    await database.close()
  })

  const show = (...more: string[]) =>
    commandHere(['show', started.execution.id, ...more], { environment: environmentOf(database) })

  it('tells how many stand how, and lists the slowest at work first, then the failed, and says how many more there are', async () => {
    const lines = (await show('--partitions', '5')).stdout.split('\n')
    const at = lines.findIndex((line) => line.startsWith('partitions of load'))
    expect(lines[at]).to.equal(
      'partitions of load: 27 COMPLETED, 2 STARTED, 3 FAILED of 33 in the plan; 1 open',
    )
    const listed = lines.slice(at + 2, at + 7).map((line) => line.split(/ +/).slice(0, 2).join(' '))
    expect(listed).to.deep.equal([
      'load:y STARTED',
      'load:x STARTED',
      'load:bad4 FAILED',
      'load:bad14 FAILED',
      'load:bad24 FAILED',
    ])
    expect(lines[at + 7]).to.equal('27 more: --partitions 32 lists all')
    expect(lines.join('\n')).to.contain('cannot do bad14')
  })

  it('has the same as JSON: the sums, and those that are listed, apart from the steps', async () => {
    const shown = jsonOf(await show('--json', '--partitions', '3'))
    expect((shown['stepExecutions'] as object[]).length).to.equal(1)
    expect(shown['partitions']).to.deep.equal([
      { stepName: 'load', planned: 33, open: 1, executions: { STARTED: 2, COMPLETED: 27, FAILED: 3 } },
    ])
    const listed = shown['partitionExecutions'] as { stepName: string; partition: object }[]
    expect(listed.map(({ stepName }) => stepName)).to.deep.equal([
      'load:y',
      'load:x',
      'load:bad4',
      'load:bad14',
      'load:bad24',
    ])
    expect(listed[0]?.partition).to.include({ name: 'y' }).and.include.keys('silentMilliseconds', 'worker')
  })
})
