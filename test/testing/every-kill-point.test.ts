import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemSink, ItemWriter } from '../../src/core/ports/item-writer.ts'
import { defineJob, FILTERED, rangePartitions } from '../../src/index.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { everyKillPoint, type KillPhase, memoryTable } from '../../src/testing/index.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'
import { numbers } from '../core/items.ts'

type Row = { readonly id: number }

const parameters = z.object({ day: z.string() })
const DAY = { day: '2026-01-31' }

describe('everyKillPoint', () => {
  const table = memoryTable<Row>()
  const totals = memoryTable<{ readonly sum: number }>()
  const reset = () => {
    table.clear()
    totals.clear()
  }
  const output = () => ({ rows: table.rows(), totals: totals.rows() })
  const rows = { parameters: DAY, output: table.rows, reset }

  function load(reader: ItemReader<number>, writer: ItemWriter<Row> = table.writer, overlap = true) {
    return defineJob({
      name: 'load',
      parameters,
      steps: (step) => ({
        load: step.chunk(
          { size: 10, overlap },
          { reader, processor: (id) => (id % 7 === 0 ? FILTERED : { id }), writer },
        ),
        sum: step.tasklet(({ transaction }) => {
          totals.insert([{ sum: table.rows().reduce((sum, { id }) => sum + id, 0) }], transaction)
        }),
      }),
    })
  }

  it('finds nothing wrong with a reader and a writer that keep their promises', async () => {
    const { points, kills } = await everyKillPoint(load(iterableReader(numbers(55))), {
      parameters: DAY,
      output,
      reset,
    })
    expect(kills).to.equal(points.length)
    expect(points).to.include.members([
      'job: before launch',
      'job: after launch',
      'step load: after begin',
      'step load, behind 20 items read: before read',
      'step load, behind 20 items read: after read',
      'step load, chunk 3: after process',
      'step load, chunk 3: after write',
      'step load, chunk 3: before commit',
      'step load, chunk 6: after commit',
      'step load: before step end',
      'step sum, turn 1: after tasklet',
      'job: after job end',
    ])
    expect(table.rows()).to.have.lengthOf(47)
  })

  it('finds nothing wrong with them when the restart is killed too', async () => {
    const { kills } = await everyKillPoint(load(iterableReader(numbers(55))), {
      parameters: DAY,
      output,
      reset,
      kills: 2,
      seed: 7,
    })
    expect(kills).to.be.greaterThan(50)
  })

  it('finds a reader whose checkpoint is one item too early', async () => {
    const error = await failureOf(everyKillPoint(load(shiftedReader(30, -1), table.writer, false), rows))
    expect(error).to.match(/^after \d+ of \d+ kills job load does not end as it does when nobody kills it/)
    expect(error).to.contain('step load, chunk 1: after commit: output: 1 too often: { id: 9 }')
    expect(error).to.contain('counts: load readCount 31 instead of 30, load writeCount 26 instead of 25')
    expect(error).not.to.contain('chunk 1: before commit')
  })

  it('finds a reader whose checkpoint is one item too far', async () => {
    const error = await failureOf(everyKillPoint(load(shiftedReader(30, 1), table.writer, false), rows))
    expect(error).to.contain('step load, chunk 1: after commit: output: 1 missing: { id: 10 }')
  })

  it('finds a writer that says transactional and is not', async () => {
    const error = await failureOf(
      everyKillPoint(load(iterableReader(numbers(20)), writesAtOnce(table.insert)), rows),
    )
    expect(error).to.contain('step load, chunk 1: after write: output: 8 too often: { id: 1 }')
    expect(error).to.contain('step load, chunk 1: before commit')
    expect(error).not.to.contain('step load, chunk 1: after commit')
    expect(error).not.to.contain('counts: ')
  })

  it('finds a tasklet that does its work outside its transaction', async () => {
    const job = defineJob({
      name: 'outside',
      parameters,
      steps: (step) => ({ one: step.tasklet(() => table.insert([{ id: 1 }])) }),
    })
    const error = await failureOf(everyKillPoint(job, rows))
    expect(error).to.contain('step one, turn 1: after tasklet: output: 1 too often: { id: 1 }')
  })

  it('finds a job that keeps in memory what a restart needs', async () => {
    const seen: number[] = []
    const job = defineJob({
      name: 'remembers',
      parameters,
      steps: (step) => ({
        load: step.chunk(
          { size: 5 },
          {
            reader: iterableReader(numbers(10)),
            processor: (id) => ({ id: id + seen.push(id) }),
            writer: table.writer,
          },
        ),
      }),
    })
    const error = await failureOf(
      everyKillPoint(job, {
        ...rows,
        reset: () => {
          reset()
          seen.splice(0)
        },
      }),
    )
    expect(error).to.contain('not wanted')
  })

  it('leaves files as the dead process left them, and finds the writer equal to that', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'batchwright-kill-points-'))
    const path = join(folder, 'numbers.csv')
    const job = load(iterableReader(numbers(35)), delimitedWriter({ file: path, columns: ['id'] }))
    try {
      const { points } = await everyKillPoint(job, {
        parameters: DAY,
        output: () => readFile(path, 'utf8'),
        reset: () => rm(path, { force: true }),
      })
      expect(points).to.include.members(['step load: before publish', 'step load: after publish'])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('finds a file writer that appends without a look at its checkpoint', async () => {
    const text: string[] = []
    const error = await failureOf(
      everyKillPoint(
        load(
          iterableReader(numbers(20)),
          writesAtOnce((items) => void text.push(...items.map(({ id }) => `${id}`))),
        ),
        {
          parameters: DAY,
          output: () => text.join(),
          reset: () => text.splice(0),
        },
      ),
    )
    expect(error).to.contain('step load, chunk 2: after write')
  })

  it('kills at the chosen phases only, or at so many points', async () => {
    const phases: readonly KillPhase[] = ['before commit', 'after commit']
    const job = load(iterableReader(numbers(55)))
    expect((await everyKillPoint(job, { ...rows, phases })).kills).to.equal(14)
    expect((await everyKillPoint(job, { ...rows, sample: 5, seed: 3 })).kills).to.equal(5)
  })

  it('names the seed of what was chosen at random', async () => {
    const job = load(shiftedReader(30, -1), table.writer, false)
    const error = await failureOf(everyKillPoint(job, { ...rows, sample: 30, seed: 11 }))
    expect(error).to.contain('(seed 11)')
  })

  it('kills partitioned steps among their workers, and aggregates once', async () => {
    const job = defineJob({
      name: 'partitioned',
      parameters,
      steps: (step) => ({
        load: step.partitioned(
          {
            size: 5,
            concurrency: 2,
            partitions: () => rangePartitions({ from: 0, to: 29, parts: 3 }),
            aggregate: ({ transaction }) => totals.insert([{ sum: table.rows().length }], transaction),
          },
          {
            reader: ({ partition: { value } }) =>
              iterableReader(numbers(30).filter((id) => value.from <= id && id <= value.to)),
            processor: (id) => ({ id }),
            writer: table.writer,
          },
        ),
      }),
    })
    const { kills } = await everyKillPoint(job, {
      parameters: DAY,
      output: () => ({
        rows: table
          .rows()
          .map(({ id }) => id)
          .toSorted((a, b) => a - b),
        totals: totals.rows(),
      }),
      reset,
      kills: 2,
    })
    expect(kills).to.be.greaterThan(60)
  })

  it('kills the branches of a split', async () => {
    const job = defineJob({
      name: 'split',
      parameters,
      steps: (step) => ({
        left: step.chunk(
          { size: 5 },
          { reader: iterableReader(numbers(12)), processor: (id) => ({ id }), writer: table.writer },
        ),
        right: step.chunk(
          { size: 4 },
          { reader: iterableReader(numbers(9)), processor: (sum) => ({ sum }), writer: totals.writer },
        ),
        last: step.tasklet(() => {}),
      }),
      flow: ({ flow, split }) =>
        flow('both', { both: split({ left: ['left'], right: ['right'] }, { '*': 'last' }) }),
    })
    await everyKillPoint(job, { parameters: DAY, output, reset })
  })

  it('kills a job that is a step together with the one that runs it', async () => {
    const child = load(iterableReader(numbers(12)))
    const job = defineJob({
      name: 'parent',
      parameters,
      steps: (step) => ({
        child: step.job(child, { parameters: () => ({ day: '2026-02-01' }) }),
        report: step.tasklet(() => {}),
      }),
    })
    const { points } = await everyKillPoint(job, { parameters: DAY, output, reset })
    expect(points).to.include.members(['step load, chunk 2: after write', 'step report: after begin'])
  })

  it('says so when the job does not complete even when nobody kills it', async () => {
    const job = defineJob({
      name: 'broken',
      parameters,
      steps: (step) => ({
        break: step.tasklet(() => {
          throw new Error('out of paper')
        }),
      }),
    })
    const error = await failureOf(everyKillPoint(job, rows))
    expect(error).to.match(/job broken does not complete even when nobody kills it: .*out of paper/)
  })

  it('closes in the end whatever the dead have opened', async () => {
    const open = new Set<object>()
    const counted = <T extends { readonly close: () => Promise<void> }>(opened: T): T => {
      const one = {
        ...opened,
        close: async () => {
          open.delete(one)
          await opened.close()
        },
      }
      open.add(one)
      return one
    }
    const reader = iterableReader(numbers(25))
    const { kills } = await everyKillPoint(
      load(
        { ...reader, open: async (scope) => counted(await reader.open(scope)) },
        { ...table.writer, open: async (scope) => counted(await table.writer.open(scope)) },
      ),
      { parameters: DAY, output, reset },
    )
    expect(kills).to.be.greaterThan(20)
    expect(open.size).to.equal(0)
  })

  it('calls no listener of a dead process', async () => {
    const calls: string[] = []
    const job = defineJob({
      name: 'listened',
      parameters,
      listeners: [
        { beforeJob: () => void calls.push('beforeJob'), afterJob: () => void calls.push('afterJob') },
      ],
      steps: (step) => ({
        load: step.chunk(
          { size: 10 },
          {
            reader: iterableReader(numbers(10)),
            processor: (id) => ({ id }),
            writer: table.writer,
            listeners: [
              {
                afterStep: () => void calls.push('afterStep'),
                onChunkError: () => void calls.push('onChunkError'),
                onWriteError: () => void calls.push('onWriteError'),
              },
            ],
          },
        ),
      }),
    })
    await everyKillPoint(job, { ...rows, phases: ['after write'] })
    const run = ['beforeJob', 'afterStep', 'afterJob']
    expect(calls).to.deep.equal([...run, 'beforeJob', ...run])
  })
})

async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    expect((error as Error).name).to.equal('AssertionError')
    return (error as Error).message
  }
  throw new Error('nothing was found')
}

/** The numbers below `end`, resumed at a distance from where the last chunk ended. */
function shiftedReader(end: number, distance: number): ItemReader<number> {
  return {
    kind: 'shifted',
    description: `numbers with checkpoints that are ${distance} off`,
    open: async ({ from }) => {
      let next = from === undefined ? 0 : Number(from)
      return {
        read: async (limit) => {
          const first = next
          next = Math.min(end, first + limit)
          if (first >= end) return undefined
          return {
            items: numbers(end).slice(first, next),
            checkpointAfter: (index) => first + index + 1 + distance,
            positionOf: (index) => ({ number: first + index }),
          }
        },
        close: async () => {},
      }
    },
  }
}

function writesAtOnce(write: (rows: readonly Row[]) => void): ItemWriter<Row> {
  const sink: ItemSink<Row> = { write: async (rows) => write(rows), close: async () => {} }
  return { kind: 'at-once', description: 'at once', guarantee: 'transactional', open: async () => sink }
}
