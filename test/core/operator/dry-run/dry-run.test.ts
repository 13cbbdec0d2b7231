import { expect } from 'chai'
import { pino } from 'pino'
import { FILTERED } from '../../../../src/core/model/filtered.ts'
import type { JobDefinition, Steps } from '../../../../src/core/definition/define-job.ts'
import type { DryRunOptions } from '../../../../src/core/operator/dry-run/dry-run.ts'
import type { DryRunStep, RehearsedStep } from '../../../../src/core/operator/dry-run/dry-run-report.ts'
import { createBatch } from '../../../../src/create-batch.ts'
import type { ItemWriter } from '../../../../src/core/ports/item-writer.ts'
import { MEMORY_TRANSACTION } from '../../../../src/repository/memory/memory-transaction.ts'
import { memoryRepository } from '../../../../src/repository/memory/memory-repository.ts'
import { compositeWriter } from '../../../../src/writers/composite.ts'
import { listReader, listWriter, numbers } from '../../items.ts'
import { jobOf } from '../../run-job.ts'

/** Writes in the in-memory transaction; a number that is there already is refused, also within the rehearsal. */
function setWriter(
  target: Set<number>,
  options: { readonly failOpen?: string } = {},
): ItemWriter<number> & { readonly tried: number[]; completed: number } {
  const writer = {
    kind: 'set',
    description: 'set of numbers',
    guarantee: 'transactional' as const,
    needs: { resource: MEMORY_TRANSACTION, fallback: 'at-least-once' as const },
    tried: [] as number[],
    completed: 0,
    open: async () => {
      if (options.failOpen !== undefined) throw new Error(options.failOpen)
      return {
        write: async (items: readonly number[], transaction: Parameters<typeof apply>[1]) =>
          apply(items, transaction),
        complete: async () => void (writer.completed += 1),
        close: async () => {},
      }
    },
  }
  const apply = (
    items: readonly number[],
    {
      resource,
    }: { resource: (key: typeof MEMORY_TRANSACTION) => { add: (change: { apply: () => void }) => void } },
  ) => {
    for (const item of items) {
      if (target.has(item)) throw new Error(`${item} is there already`)
      writer.tried.push(item)
      resource(MEMORY_TRANSACTION).add({ apply: () => target.add(item) })
    }
  }
  return writer
}

function dryBatch<S extends Steps>(job: JobDefinition<never, S> | ReturnType<typeof jobOf<S>>) {
  const repository = memoryRepository()
  const batch = createBatch({ repository, jobs: [job as never], logger: pino({ level: 'silent' }) })
  return {
    repository,
    dryRun: (options?: DryRunOptions) => batch.operator.dryRun('job', {}, options),
  }
}

function rehearsed(step: DryRunStep | undefined): RehearsedStep {
  if (step?.kind !== 'chunk') throw new Error(`it is ${step?.kind}`)
  return step
}

describe('A dry run', () => {
  it('reads, processes and writes everything, and leaves nothing', async () => {
    const target = new Set<number>()
    const writer = setWriter(target)
    const { repository, dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk(
          { size: 3 },
          {
            reader: listReader(numbers(10)),
            processor: (item) => (item % 5 === 0 ? FILTERED : item * 2),
            writer,
          },
        ),
      })),
    )
    const report = await dryRun()
    const step = rehearsed(report.steps[0])
    expect(step).to.deep.include({
      ended: 'complete',
      readCount: 10,
      filterCount: 2,
      processedCount: 8,
      failedCount: 0,
      failures: [],
    })
    expect(step.writes).to.deep.equal([{ writer: 'set of numbers', what: 'rolled back', reason: null }])
    expect(writer.tried).to.have.length(8)
    expect(target.size).to.equal(0)
    expect(writer.completed).to.equal(0)
    expect(report.wouldFail).to.equal(false)
    expect(await repository.listJobExecutions({ limit: 10 })).to.deep.equal([])
    expect(await repository.listJobInstances({ limit: 10 })).to.deep.equal([])
  })

  it('shows what items and outputs look like', async () => {
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk(
          { size: 3 },
          { reader: listReader(numbers(4)), processor: (id) => ({ id }), writer: listWriter() },
        ),
      })),
    )
    const step = rehearsed((await dryRun()).steps[0])
    expect(step.items.fields[0]).to.deep.include({ path: '', types: { number: 4 } })
    expect(step.outputs.fields[0]).to.deep.include({ path: 'id', values: { min: '0', max: '3' } })
  })

  it('does not open writers whose writes cannot be taken back, on their own or within others', async () => {
    const kept = listWriter<number>()
    const target = new Set<number>()
    const writer = setWriter(target)
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk({ size: 3 }, { reader: listReader(numbers(4)), writer: kept }),
        both: step.chunk(
          { size: 3 },
          { reader: listReader(numbers(4)), writer: compositeWriter<number>([writer, kept]) },
        ),
      })),
    )
    const { steps, wouldFail } = await dryRun()
    expect(rehearsed(steps[0]).writes.map(({ what }) => what)).to.deep.equal(['not opened'])
    expect(rehearsed(steps[1]).writes.map(({ what }) => what)).to.deep.equal(['rolled back', 'not opened'])
    expect([kept.scopes.length, kept.calls.length]).to.deep.equal([0, 0])
    expect(writer.tried).to.deep.equal([0, 1, 2, 3])
    expect(wouldFail).to.equal(false)
  })

  it('opens no writer on a repository that cannot rehearse', async () => {
    const { openRehearsal: _, ...repository } = memoryRepository()
    const target = new Set<number>()
    const writer = setWriter(target)
    const job = jobOf((step) => ({
      load: step.chunk({ size: 3 }, { reader: listReader(numbers(4)), writer }),
    }))
    const batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    const { steps, wouldFail } = await batch.operator.dryRun('job', {})
    expect(rehearsed(steps[0]).writes[0]?.what).to.equal('not opened')
    expect([writer.tried.length, target.size, wouldFail]).to.deep.equal([0, 0, false])
  })

  it('takes the first items of each reader for a sample, and estimates the rest', async () => {
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk({ size: 3 }, { reader: listReader(numbers(1000)), writer: listWriter() }),
        small: step.chunk({ size: 3 }, { reader: listReader(numbers(5)), writer: listWriter() }),
      })),
    )
    const { steps, sample } = await dryRun({ sample: 10 })
    expect(sample).to.equal(10)
    const [load, small] = [rehearsed(steps[0]), rehearsed(steps[1])]
    expect(load).to.deep.include({ ended: 'sampled', readCount: 10 })
    expect(load.estimate).to.deep.include({ items: 1000, failedShare: 0 })
    expect(load.estimate?.milliseconds).to.be.closeTo(load.milliseconds * 100, 0.001)
    expect(small).to.deep.include({ ended: 'complete', readCount: 5 })
    expect(small.notes[0]).to.include('without what load would have made')
  })

  it('does not call tasklets, and says so', async () => {
    let called = 0
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        prepare: step.tasklet(async () => void (called += 1)),
        load: step.chunk({ size: 3 }, { reader: listReader(numbers(5)), writer: listWriter() }),
      })),
    )
    const { steps } = await dryRun()
    expect(steps[0]).to.deep.include({ kind: 'not run', name: 'prepare' })
    expect(rehearsed(steps[1]).readCount).to.equal(5)
    expect(called).to.equal(0)
  })

  it('goes on with the next step when one cannot go on', async () => {
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        broken: step.chunk(
          { size: 3 },
          { reader: listReader(numbers(9), { failAt: 4 }), writer: listWriter() },
        ),
        load: step.chunk({ size: 3 }, { reader: listReader(numbers(5)), writer: listWriter() }),
      })),
    )
    const { steps, wouldFail } = await dryRun()
    const broken = rehearsed(steps[0])
    expect(broken.ended).to.equal('failed')
    expect(broken.failure).to.include('cannot read item 4')
    expect(broken.estimate).to.equal(null)
    expect(rehearsed(steps[1]).ended).to.equal('complete')
    expect(wouldFail).to.equal(true)
  })

  it('reads and processes also where the writer cannot be opened, which fails unless an uncalled tasklet may mend it', async () => {
    const steps = (withTasklet: boolean) =>
      jobOf((step) => ({
        ...(withTasklet ? { createTable: step.tasklet(async () => {}) } : {}),
        load: step.chunk(
          { size: 3 },
          { reader: listReader(numbers(5)), writer: setWriter(new Set(), { failOpen: 'there is no table' }) },
        ),
      }))
    const alone = await dryBatch(steps(false)).dryRun()
    expect(rehearsed(alone.steps[0])).to.deep.include({ ended: 'complete', readCount: 5 })
    expect(rehearsed(alone.steps[0]).writes[0]).to.deep.include({
      what: 'refused',
      reason: 'there is no table',
    })
    expect(alone.wouldFail).to.equal(true)
    expect((await dryBatch(steps(true)).dryRun()).wouldFail).to.equal(false)
  })

  it('ends with the open chunk when it is told to stop, and reports what it has seen', async () => {
    const stop = new AbortController()
    const reader = listReader(numbers(100), {
      pageSize: 5,
      onRead: () => void (reads++ === 2 && stop.abort()),
    })
    let reads = 0
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk({ size: 5, overlap: false }, { reader, writer: listWriter() }),
        next: step.chunk({ size: 5 }, { reader: listReader(numbers(5)), writer: listWriter() }),
      })),
    )
    const { steps } = await dryRun({ signal: stop.signal })
    expect(rehearsed(steps[0])).to.deep.include({ ended: 'stopped', readCount: 15 })
    expect(steps[1]).to.deep.include({ kind: 'not run', reason: 'the dry run was stopped before it' })
  })

  it('tells an observer how far it is', async () => {
    const events: string[] = []
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk({ size: 5 }, { reader: listReader(numbers(5)), writer: listWriter() }),
      })),
    )
    await dryRun({
      observer: {
        jobStarted: (_, names) => events.push(`job of ${names.join()}`),
        stepStarted: ({ stepName }) => events.push(`start ${stepName}`),
        stepEnded: ({ status }) => events.push(status),
      },
    })
    expect(events).to.deep.equal(['job of load', 'start load', 'COMPLETED'])
  })

  it('counts each failure by what it is and where, and goes on behind it', async () => {
    const target = new Set([4, 6])
    const { repository, dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk(
          { size: 5, skip: { on: SyntaxError, limit: 0 } },
          {
            reader: listReader(numbers(20)),
            processor: (item) => {
              if (item % 10 === 3) throw new RangeError(`${item} is out of range`)
              return item
            },
            writer: setWriter(target),
          },
        ),
      })),
    )
    const report = await dryRun()
    const step = rehearsed(report.steps[0])
    expect(step).to.deep.include({ ended: 'complete', readCount: 20, processedCount: 18, failedCount: 4 })
    expect(step.failures).to.deep.equal([
      {
        phase: 'process',
        error: 'RangeError',
        count: 2,
        message: '3 is out of range',
        positions: ['item 3', 'item 13'],
      },
      {
        phase: 'write',
        error: 'Error',
        count: 2,
        message: '4 is there already',
        positions: ['item 4', 'item 6'],
      },
    ])
    expect(step.estimate?.failedShare).to.equal(0.2)
    expect(report.wouldFail).to.equal(true)
    expect([...target]).to.deep.equal([4, 6])
    expect(await repository.listJobExecutions({ limit: 1 })).to.deep.equal([])
  })

  it('gives a step up that fails too often', async () => {
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk(
          { size: 500 },
          {
            reader: listReader(numbers(3000)),
            processor: (): number => {
              throw new Error('never')
            },
            writer: listWriter<number>(),
          },
        ),
      })),
    )
    const step = rehearsed((await dryRun()).steps[0])
    expect(step.ended).to.equal('failed')
    expect(step.failedCount).to.equal(1000)
    expect(step.failure).to.equal('more than 1000 failures, so it was given up')
    expect(step.failures).to.have.length(1)
  })

  it('tries the first partitions of a step, each by itself', async () => {
    const target = new Set<number>()
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.partitioned(
          {
            size: 5,
            partitions: () => [1, 2, 3, 4].map((part) => ({ name: `part${part}`, value: part })),
          },
          {
            reader: ({ partition }) => listReader(numbers(partition.value)),
            processor: (item, { partition }) => item + partition.value * 100,
            writer: setWriter(target),
          },
        ),
        none: step.partitioned(
          {
            size: 5,
            partitions: (): { name: string; value: number }[] => {
              throw new Error('there is no folder')
            },
          },
          { reader: ({ partition }) => listReader([partition.value]), writer: listWriter<number>() },
        ),
      })),
    )
    const { steps, wouldFail } = await dryRun()
    expect(steps.map(({ name }) => name)).to.deep.equal(['load:part1', 'load:part2', 'load:part3', 'none'])
    const third = rehearsed(steps[2])
    expect(third.notes).to.include('one of 4 partitions, of which the first 3 were tried')
    expect(third.outputs.fields[0]?.values).to.deep.equal({ min: '300', max: '302' })
    expect(steps[3]).to.deep.include({ reason: 'its partitions could not be planned: there is no folder' })
    expect(wouldFail).to.equal(true)
    expect(target.size).to.equal(0)
  })

  it('refuses a sample of nothing', async () => {
    const { dryRun } = dryBatch(
      jobOf((step) => ({
        load: step.chunk({ size: 5 }, { reader: listReader(numbers(5)), writer: listWriter() }),
      })),
    )
    const refusal = await dryRun({ sample: 0 }).catch((error: Error) => error.message)
    expect(refusal).to.equal('The sample is 0; it must be a whole number from 1 on.')
  })
})
