import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import { BatchError } from '../../../src/core/model/batch-error.ts'
import { OWN_TRANSACTION_KEY } from '../../../src/core/model/execution-context.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { ItemWriter } from '../../../src/core/ports/item-writer.ts'
import type { Transaction } from '../../../src/core/ports/resource.ts'
import type { StepProgress, StepSession } from '../../../src/core/ports/step-session.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { everyKillPoint } from '../../../src/testing/kill-points/every-kill-point.ts'
import { compositeWriter } from '../../../src/writers/composite.ts'
import { BadItem, countsOf, faultBench, Flaky } from '../fault-job.ts'
import { listReader, numbers } from '../items.ts'
import { markedLog } from '../marked-log.ts'

/** The same repository, whose sessions are changed. */
function withSessions(
  repository: JobRepository,
  change: (session: StepSession) => StepSession,
): JobRepository {
  return {
    ...repository,
    beginStep: async (claim, begin) => change(await repository.beginStep(claim, begin)),
  }
}

/** As a repository that was restored from a backup: it keeps the first chunk of the step, and nothing behind it. */
function forgetting(repository: JobRepository): JobRepository {
  return withSessions(repository, (session) => {
    let kept: StepProgress | undefined
    let commits = 0
    return {
      stepExecution: session.stepExecution,
      commit: async (chunk) => {
        commits += 1
        if (commits > 3) {
          await chunk.work(NO_TRANSACTION)
          chunk.progress()
          return { jobStatus: 'STARTED' }
        }
        const progress = () => (kept = chunk.progress())
        return session.commit({ ...chunk, progress })
      },
      end: (end) => session.end({ ...end, ...kept }),
      close: () => session.close(),
    }
  })
}

const NO_TRANSACTION: Transaction = {
  resource: () => {
    throw new Error('there is none')
  },
  find: () => undefined,
  savepoint: (work) => work(),
}

const jobOver = (writer: ItemWriter<number>, skipped: readonly number[] = []) =>
  defineJob({
    name: 'own-transaction',
    parameters: z.object({}),
    steps: (step) => ({
      load: step.chunk(
        { size: 3, skip: { on: BadItem, limit: 10 } },
        {
          reader: listReader(numbers(20), { faultsAt: [] }),
          processor: (item, { stepContext }) => {
            if (skipped.includes(item)) throw new BadItem(`no ${item}`)
            stepContext.set('last', item)
            return item % 5 === 4 ? FILTERED : item
          },
          writer,
        },
      ),
    }),
  })

describe('A writer with a transaction of its own', () => {
  it('writes each item once, whatever it is killed at', async () => {
    const log = markedLog<number>()
    const { kills, points } = await everyKillPoint(jobOver(log.writer), {
      parameters: {},
      output: log.items,
      reset: log.clear,
    })
    expect(kills).to.equal(points.length)
    expect(points.some((point) => point.includes('own transaction: after commit'))).to.equal(true)
  })

  it('writes each item once, whatever it and its restart are killed at, with items that are skipped', async () => {
    const log = markedLog<number>({ refuses: (item) => (item === 8 ? new BadItem('no 8') : undefined) })
    await everyKillPoint(jobOver(log.writer, [1, 12]), {
      parameters: {},
      output: log.items,
      reset: log.clear,
      kills: 2,
      seed: 7,
    })
    expect(log.items()).to.not.include(8)
  })

  it('records after a crash what the chunk that it had committed skipped, and what its callbacks had set', async () => {
    const repository = memoryRepository()
    const log = markedLog<number>()
    let isLost = true
    const dying = withSessions(repository, (session) => ({
      stepExecution: session.stepExecution,
      commit: async (chunk) => {
        const lost = isLost && log.items().length > 0
        if (lost) throw new BatchError('REPOSITORY_UNAVAILABLE', 'gone', { details: { outcome: 'unknown' } })
        return session.commit(chunk)
      },
      end: (end) => session.end(end),
      close: () => session.close(),
    }))
    const step = {
      size: 5,
      skip: { on: BadItem, limit: 10 },
      reader: listReader(numbers(10)),
      processor: (item: number) => {
        if (item === 2) throw new BadItem('no 2')
        return item
      },
      writer: log.writer,
    }
    const failed = await faultBench(dying).run(step)
    expect(failed.status).to.equal('FAILED')
    expect(failed.error.message).to.contain('a restart records it')
    expect(countsOf(failed.step)).to.include({ readCount: 0, writeCount: 0 })
    expect(await repository.quarantine.list({ which: 'all', limit: 10 })).to.deep.equal([])
    isLost = false
    const { status, step: restarted } = await faultBench(dying).run(step)
    expect(status).to.equal('COMPLETED')
    expect(countsOf(restarted)).to.include({ readCount: 10, writeCount: 9, processSkipCount: 1 })
    expect(log.items()).to.deep.equal([0, 1, 3, 4, 5, 6, 7, 8, 9])
    const quarantined = await repository.quarantine.list({ which: 'all', limit: 10 })
    expect(quarantined.map(({ position }) => position)).to.deep.equal([{ item: 2 }])
  })

  it('waits for a repository that is away between the two commits, and does not write the chunk again', async () => {
    const log = markedLog<number>()
    let failures = 3
    const flickering = withSessions(memoryRepository(), (session) => ({
      stepExecution: session.stepExecution,
      commit: async (chunk) => {
        if (log.items().length > 0 && failures-- > 0)
          throw new BatchError('REPOSITORY_UNAVAILABLE', 'away', {
            details: { outcome: 'nothing-committed' },
          })
        return session.commit(chunk)
      },
      end: (end) => session.end(end),
      close: () => session.close(),
    }))
    const { status } = await faultBench(flickering).run({
      reader: listReader(numbers(10)),
      writer: log.writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(log.items()).to.deep.equal(numbers(10))
  })

  it('writes all the others again when it names an item that is retried or skipped', async () => {
    let flaky = 2
    const log = markedLog<number>({
      refuses: (item) => {
        if (item === 3 && flaky-- > 0) return new Flaky('not now')
        return item === 7 ? new BadItem('never') : undefined
      },
    })
    const { status, step } = await faultBench().run({
      reader: listReader(numbers(10)),
      writer: log.writer,
      retry: { on: Flaky, attempts: 5 },
      skip: { on: BadItem, limit: 1 },
    })
    expect(status).to.equal('COMPLETED')
    expect(log.items()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 8, 9])
    expect(countsOf(step)).to.include({ writeCount: 9, writeSkipCount: 1 })
  })

  it('loses no item of the chunk when its commit fails behind an item that was retried', async () => {
    let refusals = 1
    let failures = 1
    const log = markedLog<number>({
      refuses: (item) => (item === 3 && refusals-- > 0 ? new Flaky('not now') : undefined),
      onCommit: ({ chunk }) => {
        if (chunk === 1 && failures-- > 0) throw new Flaky('aborted')
      },
    })
    const { status } = await faultBench().run({
      reader: listReader(numbers(10)),
      writer: log.writer,
      retry: { on: Flaky, attempts: 5 },
    })
    expect(status).to.equal('COMPLETED')
    expect(log.items()).to.deep.equal(numbers(10))
  })

  it('ends the step where nobody knows whether it has committed, and the restart finds out', async () => {
    let isLost = true
    const log = markedLog<number>({
      onCommit: ({ chunk }) => {
        if (chunk !== 2 || !isLost) return
        isLost = false
        throw new BatchError('WRITE_FAILED', 'no answer', { details: { outcome: 'unknown' } })
      },
    })
    const bench = faultBench()
    const step = { size: 4, reader: listReader(numbers(10)), writer: log.writer }
    expect((await bench.run(step)).status).to.equal('FAILED')
    expect(log.items()).to.have.lengthOf(4)
    expect((await bench.run(step)).status).to.equal('COMPLETED')
    expect(log.items()).to.deep.equal(numbers(10))
  })

  it('brings up a repository that has lost its last commits, where its marks keep the reader’s checkpoint', async () => {
    const log = markedLog<number>({ keepsReader: true })
    const step = { size: 4, writer: log.writer }
    const repository = memoryRepository()
    await faultBench(forgetting(repository)).run({ ...step, reader: listReader(numbers(12), { failAt: 8 }) })
    expect(log.items()).to.have.lengthOf(8)
    const {
      status,
      step: last,
      warnings,
    } = await faultBench(repository).run({ ...step, reader: listReader(numbers(12)) })
    expect(status).to.equal('COMPLETED')
    expect(log.items()).to.deep.equal(numbers(12))
    expect(last.readCount).to.equal(8)
    expect(warnings.join()).to.contain('the repository knows chunk 1 as the last')
  })

  it('refuses to go on with such a repository where they do not keep it', async () => {
    const log = markedLog<number>()
    const step = { size: 4, writer: log.writer }
    const repository = memoryRepository()
    await faultBench(forgetting(repository)).run({ ...step, reader: listReader(numbers(12), { failAt: 8 }) })
    const { error } = await faultBench(repository).run({ ...step, reader: listReader(numbers(12)) })
    expect(error).to.have.property('code', 'CHECKPOINT_REFUSED')
    expect(error.message).to.contain('chunk 1').and.contain('chunk 2')
  })

  for (const lost of [1, 2])
    it(`is refused a restart where its mark is gone and chunk ${lost} may be committed or not, unless that is accepted`, async () => {
      const repository = memoryRepository()
      const log = markedLog<number>({
        onCommit: ({ chunk }) => {
          if (chunk === lost)
            throw new BatchError('WRITE_FAILED', 'no answer', { details: { outcome: 'unknown' } })
        },
      })
      const step = { size: 4, reader: listReader(numbers(10)), writer: log.writer }
      await faultBench(repository).run(step)
      log.forgetMarks()
      const refused = await faultBench(repository).run(step)
      expect(refused.status).to.equal('FAILED')
      expect(refused.error).to.have.property('code', 'CHECKPOINT_REFUSED')
      expect(refused.error.message).to.contain(`chunk ${lost} was announced`).and.contain('--accept-changes')
    })

  it('has a mark before its first chunk, tried again where that is refused for the moment', async () => {
    let failures = 2
    const marks: number[] = []
    const log = markedLog<number>({
      onCommit: ({ chunk }) => {
        if (failures-- > 0) throw Object.assign(new Error('not now'), { code: 'ECONNRESET' })
        marks.push(chunk)
      },
    })
    await faultBench().run({ size: 4, reader: listReader(numbers(6)), writer: log.writer })
    expect(marks).to.deep.equal([0, 1, 2])
  })

  it('has its mark made anew where it was lost and nothing was in doubt', async () => {
    const bench = faultBench()
    const log = markedLog<number>()
    const failing = { size: 4, reader: listReader(numbers(10), { failAt: 5 }), writer: log.writer }
    await bench.run(failing)
    const [id = ''] = log.ids()
    expect(log.mark(id)).to.deep.include({ chunk: 1 })
    log.forgetMarks()
    await bench.run(failing)
    expect(log.mark(id)).to.deep.include({ chunk: 1 })
    expect(log.mark(id)?.counts).to.include({ readCount: 4, writeCount: 4 })
    const { status } = await bench.run({ size: 4, reader: listReader(numbers(10)), writer: log.writer })
    expect(status).to.equal('COMPLETED')
    expect(log.items()).to.deep.equal(numbers(10))
  })

  it('keeps the number of its chunks over restarts, under an id that no other step has', async () => {
    const bench = faultBench()
    const log = markedLog<number>()
    await bench.run({ size: 4, reader: listReader(numbers(10), { failAt: 5 }), writer: log.writer })
    const { step } = await bench.run({ size: 4, reader: listReader(numbers(10)), writer: log.writer })
    const [id = '', other] = log.ids()
    expect(other).to.equal(undefined)
    expect(log.mark(id)).to.deep.include({ chunk: 3 })
    const { executionContext } = step
    if (executionContext.kind !== 'readable') throw new Error('the context cannot be read')
    expect(executionContext.values[OWN_TRANSACTION_KEY]).to.deep.equal({ id, chunk: 3 })
  })

  it('is not to be handed items by other writers', () => {
    const log = markedLog<number>()
    expect(() => compositeWriter([log.writer])).to.throw(/a log with marks.*step of its own/)
  })
})
