import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { BadItem, countsOf, faultBench } from '../fault-job.ts'
import { BadRecord, listReader, listWriter, numbers } from '../items.ts'
import { picky } from '../picky-table.ts'

describe('The limit of skips, and what is skipped at all', () => {
  it('fails the step at the item that is one too many, and keeps nothing of its chunk', async () => {
    const bench = faultBench()
    const { table, writer } = picky([1, 4, 12, 15, 18])
    const failed = await bench.run({
      size: 5,
      skip: { on: BadItem, limit: 3 },
      reader: listReader(numbers(20)),
      writer,
    })
    expect(failed.status).to.equal('FAILED')
    expect(isBatchError(failed.error, 'SKIP_LIMIT_EXCEEDED')).to.equal(true)
    expect(failed.error.message).to.include(
      'its skip limit of 3 at item 15 (write): 4 of 20 records read failed',
    )
    expect(table.rows()).to.deep.equal([0, 2, 3, 5, 6, 7, 8, 9, 10, 11, 13, 14])
    expect(countsOf(failed.step)).to.include({ readCount: 15, writeSkipCount: 3 })
    const again = await bench.run({
      size: 5,
      skip: { on: BadItem, limit: 4 },
      reader: listReader(numbers(20)),
      writer,
    })
    expect(again.error.message, 'the skips of the execution before count').to.include('at item 18')
    const enough = await bench.run({
      size: 5,
      skip: { on: BadItem, limit: 5 },
      reader: listReader(numbers(20)),
      writer,
    })
    expect(enough.status).to.equal('COMPLETED')
  })

  it('allows none with a limit of 0, and processes no more once the limit is passed', async () => {
    let calls = 0
    const { error } = await faultBench().run({
      size: 100,
      skip: { on: BadItem, limit: 2 },
      reader: listReader(numbers(100)),
      processor: () => {
        calls += 1
        throw new BadItem('never')
      },
      writer: listWriter<number>(),
    })
    expect(error.message).to.include('at item 2 (process)')
    expect(calls).to.equal(3)
    const none = await faultBench().run({
      skip: { on: BadRecord, limit: 0 },
      reader: listReader(numbers(4), { faultsAt: [2] }),
      writer: listWriter<number>(),
    })
    expect(none.error.message).to.include('skip limit of 0 at item 2 (read)')
  })

  it('judges a share from 100 records on, and at the end', async () => {
    const few = picky([0, 1, 2, 3])
    const early = await faultBench().run({
      size: 10,
      skip: { on: BadItem, limit: { share: 0.05 } },
      reader: listReader(numbers(60)),
      writer: few.writer,
    })
    expect(isBatchError(early.error, 'SKIP_LIMIT_EXCEEDED')).to.equal(true)
    expect(early.error.message).to.include('5 % of the records read: 4 of 60')
    expect(few.table.rows()).to.have.length(56)
    const many = picky([0, 1, 2, 150, 151, 160])
    const { status } = await faultBench().run({
      size: 10,
      skip: { on: BadItem, limit: { share: 0.05 } },
      reader: listReader(numbers(200)),
      writer: many.writer,
    })
    expect(status).to.equal('COMPLETED')
    const passed = picky([0, 1, 2, 3, 4, 5])
    const judged = await faultBench().run({
      size: 10,
      skip: { on: BadItem, limit: { share: 0.05 } },
      reader: listReader(numbers(300)),
      writer: passed.writer,
    })
    expect(judged.error.message, 'at the hundredth record').to.include('6 of 100')
    expect(judged.step.readCount).to.equal(90)
  })

  it('is only for the phases that are named, and only for the errors', async () => {
    const wrongPhase = await faultBench().run({
      skip: { on: BadItem, limit: 9, phases: ['read', 'process'] },
      reader: listReader(numbers(4)),
      writer: picky([2]).writer,
    })
    expect(isBatchError(wrongPhase.error, 'WRITE_FAILED')).to.equal(true)
    const wrongError = await faultBench().run({
      skip: { on: (error) => (error as { code?: string }).code === '23505', limit: 9 },
      reader: listReader(numbers(4)),
      writer: picky([2]).writer,
    })
    expect(isBatchError(wrongError.error, 'WRITE_FAILED')).to.equal(true)
  })

  it('fails the step with both errors where a predicate throws', async () => {
    for (const bad of [[], [3]]) {
      const { writer } = picky(bad)
      const { status, error } = await faultBench().run({
        skip: {
          on: () => {
            throw new TypeError('no such property')
          },
          limit: 1,
        },
        reader: listReader(numbers(6)),
        processor: (item) => {
          if (bad.length === 0) throw new BadItem('no 3')
          return item
        },
        writer,
      })
      expect(status).to.equal('FAILED')
      expect(isBatchError(error, 'INVALID_JOB_DEFINITION')).to.equal(true)
      expect(error.message).to.match(/\(no such property\) when it was asked of: no 3\./)
    }
  })
})
