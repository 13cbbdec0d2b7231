import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { createBatch } from '../../../src/create-batch.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

describe('A chunk-oriented step', () => {
  it('writes the items in order, in chunks of the size', async () => {
    const writer = listWriter<number>()
    const { execution } = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 3 }, { reader: listReader(numbers(8)), writer }) })),
    )
    expect(writer.chunks).to.deep.equal([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ])
    expect(execution.status).to.equal('COMPLETED')
    expect(execution.stepExecutions[0]).to.deep.include({
      readCount: 8,
      writeCount: 8,
      filterCount: 0,
      commitCount: 3,
      rollbackCount: 0,
    })
  })

  it('fills chunks across pages of the reader', async () => {
    const writer = listWriter<number>()
    const reader = listReader(numbers(7), { pageSize: 2 })
    await testBatch().run(jobOf((step) => ({ load: step.chunk({ size: 3 }, { reader, writer }) })))
    expect(writer.chunks).to.deep.equal([[0, 1, 2], [3, 4, 5], [6]])
  })

  it('commits nothing for no items, and no empty chunk at the end of a full one', async () => {
    const writer = listWriter<number>()
    const empty = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 3 }, { reader: listReader<number>([]), writer }) })),
    )
    expect(empty.execution.stepExecutions[0]).to.deep.include({
      status: 'COMPLETED',
      readCount: 0,
      commitCount: 0,
    })
    const full = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 3 }, { reader: listReader(numbers(6)), writer }) })),
    )
    expect(full.execution.stepExecutions[0]).to.deep.include({ readCount: 6, commitCount: 2 })
  })

  it('filters only what is FILTERED: null and undefined are items', async () => {
    const writer = listWriter<number | null | undefined>()
    const processor = (item: number) =>
      [null, undefined, FILTERED, item][item] ?? (item === 0 ? null : item === 1 ? undefined : item)
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 10 },
          {
            reader: listReader(numbers(4)),
            processor: processor as (item: number) => number | null | undefined,
            writer,
          },
        ),
      })),
    )
    expect(writer.chunks).to.deep.equal([[null, undefined, 3]])
    expect(execution.stepExecutions[0]).to.deep.include({ readCount: 4, writeCount: 3, filterCount: 1 })
  })

  it('hands null and undefined from the reader on, and does not take them for the end', async () => {
    const writer = listWriter<number | null | undefined>()
    await testBatch().run(
      jobOf((step) => ({
        load: step.chunk({ size: 2 }, { reader: listReader([null, undefined, 1]), writer }),
      })),
    )
    expect(writer.chunks).to.deep.equal([[null, undefined], [1]])
  })

  it('does not call the writer for a chunk that was filtered whole, but commits its checkpoint', async () => {
    const writer = listWriter<number>()
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 2 },
          {
            reader: listReader(numbers(4)),
            processor: (item: number) => (item < 2 ? FILTERED : item),
            writer,
          },
        ),
      })),
    )
    expect(writer.chunks).to.deep.equal([[2, 3]])
    expect(execution.stepExecutions[0]).to.deep.include({
      readCount: 4,
      writeCount: 2,
      filterCount: 2,
      commitCount: 2,
    })
  })

  it('keeps the order of asynchronous processors, with at most `concurrency` of them under way', async () => {
    let underWay = 0
    let most = 0
    const writer = listWriter<number>()
    const processor = async (item: number) => {
      most = Math.max(most, ++underWay)
      await sleep((item * 7) % 5)
      underWay -= 1
      return item * 10
    }
    await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 10, concurrency: 4 },
          { reader: listReader(numbers(20)), processor, writer },
        ),
      })),
    )
    expect(writer.chunks.flat()).to.deep.equal(numbers(20).map((item) => item * 10))
    expect(most).to.equal(4)
  })

  it('reports the first item, in their order, whose asynchronous processor failed', async () => {
    const processor = async (item: number) => {
      await sleep(item === 2 ? 10 : 1)
      if (item >= 2) throw new Error(`item ${item} is bad`)
      return item
    }
    const { error } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 10, concurrency: 10 },
          { reader: listReader(numbers(5)), processor, writer: listWriter<number>() },
        ),
      })),
    )
    expect(isBatchError(error, 'PROCESS_FAILED')).to.equal(true)
    expect((error as Error).message).to.contain('could not process item 2: item 2 is bad')
  })
})

describe('The contexts of a chunk', () => {
  it('of the job are those of committed chunks too, and what was lost is not seen by a restart', async () => {
    const { run } = testBatch()
    const seen: unknown[] = []
    const writer = listWriter<number>({
      onWrite: (_, call) => (call === 1 ? Promise.reject(new Error('full')) : undefined),
    })
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2 },
        {
          reader: listReader([1, 2, 3, 4]),
          processor: (item, { jobContext }) => {
            jobContext.set('sum', Number(jobContext.get('sum') ?? 0) + item)
            return item
          },
          writer,
        },
      ),
      look: step.tasklet(({ jobContext }) => void seen.push(jobContext.get('sum'))),
    }))
    const { execution } = await run(job)
    expect(execution.executionContext).to.deep.equal({ kind: 'readable', values: { sum: 3 } })
    await run(job)
    expect(seen).to.deep.equal([10])
  })

  it('forget a key that was removed after the last commit', async () => {
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2 },
        {
          reader: listReader([1, 2]),
          processor: (item, { stepContext }) => (stepContext.set('half', item), item),
          writer: listWriter<number>(),
          listeners: [{ afterStep: () => undefined }],
        },
      ),
      only: step.tasklet(({ stepContext }) => {
        stepContext.set('a', 1)
        stepContext.set('a', undefined)
      }),
    }))
    const { execution } = await testBatch().run(job)
    expect(execution.stepExecutions[1]?.executionContext).to.deep.equal({
      kind: 'readable',
      values: { 'batchwright.done': { exitCode: 'COMPLETED', exitDescription: '' } },
    })
  })
})

describe('Stopping a chunk-oriented step', () => {
  it('finishes the chunk at hand, and a restart goes on behind it', async () => {
    const { run } = testBatch()
    const stop = new AbortController()
    const writer = listWriter<number>({ onWrite: (_, call) => (call === 1 ? stop.abort() : undefined) })
    const reader = listReader(numbers(12))
    const job = jobOf((step) => ({ load: step.chunk({ size: 2 }, { reader, writer }) }))
    const first = await run(job, { signal: stop.signal })
    expect(first.execution).to.deep.include({ status: 'STOPPED' })
    expect(first.execution.exitStatus.exitCode).to.equal('STOPPED')
    const committed = first.execution.stepExecutions[0]?.writeCount ?? 0
    expect(committed).to.be.within(4, 6)
    const second = await run(job)
    expect(second.execution.status).to.equal('COMPLETED')
    expect(reader.opened).to.deep.equal([undefined, committed])
    expect(writer.chunks.flat()).to.deep.equal(numbers(12))
  })

  it('that arrives with the last chunk changes nothing: what is complete is COMPLETED', async () => {
    const stop = new AbortController()
    const writer = listWriter<number>({ onWrite: () => stop.abort() })
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 10 },
        { reader: listReader(numbers(3), { pageSize: 10 }), writer, listeners: [] },
      ),
    }))
    const { execution } = await testBatch().run(job, { signal: stop.signal })
    expect(execution.status).to.equal('COMPLETED')
    expect(execution.stepExecutions[0]).to.deep.include({ writeCount: 3 })
  })

  it('lets timers run even when neither reader nor writer ever waits', async () => {
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 50)
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 1 },
        { reader: listReader(numbers(5_000_000)), writer: listWriter<number>({ onWrite: () => undefined }) },
      ),
    }))
    const { execution } = await testBatch().run(job, { signal: stop.signal })
    expect(execution.status).to.equal('STOPPED')
  })
})

describe('Giving a chunk-oriented step up', () => {
  for (const concurrency of [1, 4]) {
    it(`begins no further item, however slow the processor, ${concurrency} at a time`, async () => {
      const processed: number[] = []
      const job = jobOf((step) => ({
        load: step.chunk(
          { size: 100, concurrency },
          {
            reader: listReader(numbers(100)),
            processor: async (item: number) => {
              processed.push(item)
              if (processed.length === 5) started.abort('enough')
              await sleep(5)
              return item
            },
            writer: listWriter<number>(),
          },
        ),
      }))
      const batch = createBatch({
        repository: memoryRepository(),
        jobs: [job],
        logger: pino({ level: 'silent' }),
      })
      const started = await batch.operator.start(job, {})
      expect((await started.ended).execution.status).to.equal('FAILED')
      await sleep(50)
      expect(processed.length).to.be.within(5, 5 + concurrency)
    })
  }
})

describe('Closing', () => {
  it('closes reader and writer after a success and after a failure', async () => {
    for (const failAt of [undefined, 1]) {
      const reader = listReader(numbers(3), failAt === undefined ? {} : { failAt })
      const writer = listWriter<number>()
      await testBatch().run(jobOf((step) => ({ load: step.chunk({ size: 2 }, { reader, writer }) })))
      expect(reader.closed).to.equal(1)
      expect(writer.calls.at(-1)).to.equal('close')
    }
  })

  it('publishes once everything is committed, and a failure there fails the step', async () => {
    const writer = listWriter<number>({
      onComplete: () => {
        throw new Error('the target is a folder')
      },
    })
    const { run } = testBatch()
    const job = jobOf((step) => ({
      load: step.chunk({ size: 2 }, { reader: listReader(numbers(3)), writer }),
    }))
    const { execution } = await run(job)
    expect(writer.calls).to.deep.equal(['write 2', 'write 1', 'complete 3', 'close'])
    expect(execution.stepExecutions[0]).to.deep.include({ status: 'FAILED', writeCount: 3 })
    await run(job)
    expect(writer.calls.slice(4)).to.deep.equal(['complete 3', 'close'])
  })

  it('fails a step whose writer cannot be closed', async () => {
    const writer = listWriter<number>({ onClose: () => Promise.reject(new Error('the buffer is lost')) })
    const { execution } = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 2 }, { reader: listReader(numbers(3)), writer }) })),
    )
    expect(execution.exitStatus.exitDescription).to.contain('the buffer is lost')
  })
})
