import { inspect } from 'node:util'
import { expect } from 'chai'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { ItemWriter } from '../../../src/core/ports/item-writer.ts'
import { itemsFailed } from '../../../src/core/ports/items-failed.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { memoryTable, type MemoryTable } from '../../../src/testing/memory-table.ts'
import { BadItem, countsOf, faultBench, Flaky } from '../fault-job.ts'
import { BadRecord, gate, listReader, listWriter, numbers } from '../items.ts'

const SKIP_ALL = { on: Error, limit: 1_000 }

/** A memory table that refuses some items, and counts how often it was asked. */
function picky(bad: readonly number[], error: (item: number) => Error = (item) => new BadItem(`no ${item}`)) {
  const table: MemoryTable<number> = memoryTable<number>()
  const writes: (readonly number[])[] = []
  const writer: ItemWriter<number> = {
    ...table.writer,
    open: async (scope) => {
      const sink = await table.writer.open(scope)
      return {
        ...sink,
        write: async (items, transaction) => {
          writes.push(items)
          await sink.write(items, transaction)
          const first = items.find((item) => bad.includes(item))
          if (first !== undefined) throw error(first)
        },
      }
    },
  }
  return { table, writer, writes }
}

async function quarantineOf(repository: JobRepository) {
  const entries = await repository.quarantine.list({ which: 'all', limit: 1_000 })
  return entries
    .map(({ phase, payload, position, error }) => ({ phase, payload, position, type: error.type }))
    .toSorted((one, other) => Number(one.position['item']) - Number(other.position['item']))
}

describe('Skip', () => {
  it('leaves out records that cannot be read, also a chunk of nothing else and the last of the source', async () => {
    const bench = faultBench()
    const writer = listWriter<number>()
    const { status, step } = await bench.run({
      size: 2,
      skip: SKIP_ALL,
      reader: listReader(numbers(9), { faultsAt: [1, 2, 3, 8] }),
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(writer.chunks.flat()).to.deep.equal([0, 4, 5, 6, 7])
    expect(countsOf(step)).to.include({ readCount: 5, readSkipCount: 4, writeCount: 5 })
    expect(await quarantineOf(bench.repository)).to.deep.equal(
      [1, 2, 3, 8].map((item) => ({
        phase: 'read',
        payload: { kind: 'raw', text: String(item) },
        position: { item },
        type: 'Error',
      })),
    )
  })

  it('remembers a skipped record at the end of a chunk in the checkpoint', async () => {
    const bench = faultBench()
    const table = memoryTable<number>()
    const broken = { ...table.writer, open: opensUntil(table.writer, 4) }
    const reader = listReader(numbers(8), { faultsAt: [2, 3] })
    const first = await bench.run({ size: 4, skip: { on: BadRecord, limit: 2 }, reader, writer: broken })
    expect(first.status).to.equal('FAILED')
    const second = await bench.run({
      size: 4,
      skip: { on: BadRecord, limit: 2 },
      reader,
      writer: table.writer,
    })
    expect(second.status, 'the limit of 2 was not passed, since nothing was skipped twice').to.equal(
      'COMPLETED',
    )
    expect(reader.opened).to.deep.equal([undefined, 4])
    expect(table.rows()).to.deep.equal([0, 1, 4, 5, 6, 7])
    expect(second.step.readSkipCount).to.equal(0)
  })

  it('leaves out items whose processing fails, after the retries, and keeps the order and the filtered ones apart', async () => {
    for (const concurrency of [1, 3]) {
      const bench = faultBench()
      const writer = listWriter<number>()
      let calls = 0
      const { status, step, warnings } = await bench.run({
        concurrency,
        size: 6,
        retry: { on: Flaky, attempts: 3 },
        skip: { on: [Flaky, BadItem], limit: 10 },
        reader: listReader(numbers(12)),
        processor: (item) => {
          if (item % 5 === 1) {
            calls += 1
            throw item === 1 ? new Flaky('still not') : new BadItem(`item ${item}`)
          }
          return item % 5 === 2 ? FILTERED : item
        },
        writer,
      })
      expect(status).to.equal('COMPLETED')
      expect(writer.chunks.flat()).to.deep.equal([0, 3, 4, 5, 8, 9, 10])
      expect(calls, 'three attempts at item 1, one each at 6 and 11').to.equal(5)
      expect(countsOf(step)).to.include({ readCount: 12, filterCount: 2, processSkipCount: 3, writeCount: 7 })
      const quarantine = await quarantineOf(bench.repository)
      expect(quarantine.map(({ phase, position }) => [phase, position])).to.deep.equal(
        [1, 6, 11].map((item) => ['process', { item }]),
      )
      expect(warnings).to.include('skipped item 6 (process): item 6')
    }
  })

  it('finds the items that a transactional writer refuses, and commits all others with them in one transaction', async () => {
    const bench = faultBench()
    const { table, writer, writes } = picky([7, 33])
    let processed = 0
    const { status, step } = await bench.run({
      size: 64,
      skip: SKIP_ALL,
      reader: listReader(numbers(64)),
      processor: (item) => {
        processed += 1
        return item * 1
      },
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(table.rows()).to.deep.equal(numbers(64).filter((item) => item !== 7 && item !== 33))
    expect(processed, 'processors are not run again').to.equal(64)
    expect(countsOf(step)).to.include({
      readCount: 64,
      writeCount: 62,
      writeSkipCount: 2,
      commitCount: 1,
      rollbackCount: 1,
    })
    expect(writes.length).to.be.at.most(2 * 2 * 6 + 2)
    expect(
      (await quarantineOf(bench.repository)).map(({ phase, position }) => [phase, position]),
    ).to.deep.equal([
      ['write', { item: 7 }],
      ['write', { item: 33 }],
    ])
  })

  it('names the item that was read, where others before it were filtered', async () => {
    const bench = faultBench()
    const { writer } = picky([900])
    await bench.run({
      skip: SKIP_ALL,
      reader: listReader(numbers(10)),
      processor: (item) => (item < 5 ? FILTERED : item * 100),
      writer,
    })
    const [entry] = await quarantineOf(bench.repository)
    expect(entry?.position).to.deep.equal({ item: 9 })
  })

  it('does not write a chunk of one item twice to learn that it fails', async () => {
    const { table, writer, writes } = picky([1])
    const { step } = await faultBench().run({
      size: 1,
      skip: SKIP_ALL,
      reader: listReader(numbers(3)),
      writer,
    })
    expect(writes).to.deep.equal([[0], [1], [2]])
    expect(table.rows()).to.deep.equal([0, 2])
    expect(countsOf(step)).to.include({ writeCount: 2, writeSkipCount: 1, commitCount: 3, rollbackCount: 1 })
  })

  it('takes retry before skip for an error that is both', async () => {
    const { table, writer, writes } = picky([2], () => new Flaky('not now'))
    const { step } = await faultBench().run({
      size: 4,
      retry: { on: Flaky, attempts: 3 },
      skip: { on: Flaky, limit: 1 },
      reader: listReader(numbers(4)),
      writer,
    })
    expect(writes.slice(0, 3)).to.deep.equal([numbers(4), numbers(4), numbers(4)])
    expect(table.rows()).to.deep.equal([0, 1, 3])
    expect(step.writeSkipCount).to.equal(1)
  })

  it('never blames an item for a deadlock, a serialization failure or a lost connection', async () => {
    for (const code of ['40001', '40P01', '08006', '57P01']) {
      const { table, writer } = picky([2], () => Object.assign(new Error(code), { code }))
      const { status, error, step } = await faultBench().run({
        skip: { on: () => true, limit: 100 },
        retry: { attempts: 2 },
        reader: listReader(numbers(4)),
        writer,
      })
      expect(status).to.equal('FAILED')
      expect(error.message).to.include(code)
      expect(table.rows()).to.deep.equal([])
      expect(countsOf(step)).to.include({ writeSkipCount: 0, rollbackCount: 2 })
    }
  })

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

  it('leaves out what a writer without transactions names, and no more; else the step fails', async () => {
    const naming = listWriter<number>({
      onWrite: (items) => {
        const failures = items.flatMap((item, index) =>
          item % 3 === 1 ? [{ index, error: new BadItem('no') }] : [],
        )
        if (failures.length > 0) throw itemsFailed(failures)
      },
    })
    const bench = faultBench()
    const named = await bench.run({ skip: SKIP_ALL, reader: listReader(numbers(8)), writer: naming })
    expect(named.status).to.equal('COMPLETED')
    expect(countsOf(named.step)).to.include({ readCount: 8, writeCount: 5, writeSkipCount: 3 })
    expect(naming.calls.filter((call) => call.startsWith('write'))).to.deep.equal(['write 8'])
    const silent = listWriter<number>({
      onWrite: () => {
        throw new BadItem('one of them')
      },
    })
    const failed = await faultBench().run({ skip: SKIP_ALL, reader: listReader(numbers(8)), writer: silent })
    expect(failed.status).to.equal('FAILED')
    expect(String(failed.error)).to.match(/which items it is about is not known.*itemsFailed/)
    expect(silent.calls.filter((call) => call.startsWith('write'))).to.deep.equal(['write 8'])
  })

  it('takes an item that a writer names twice for one, and fails where it names what it was not given', async () => {
    const twice = listWriter<number>({
      onWrite: (_, call) => {
        const failures = [new Flaky('once'), new BadItem('twice')].map((error) => ({ index: 0, error }))
        if (call === 0) throw itemsFailed(failures)
      },
    })
    const retry = { on: Flaky, attempts: 2 }
    const once = await faultBench().run({
      retry,
      skip: SKIP_ALL,
      reader: listReader(numbers(4)),
      writer: twice,
    })
    expect(twice.chunks).to.deep.equal([[0]])
    expect(countsOf(once.step)).to.include({ writeCount: 4, writeSkipCount: 0 })
    const beyond = listWriter<number>({
      onWrite: (items) => {
        throw itemsFailed([0, items.length].map((index) => ({ index, error: new BadItem('no') })))
      },
    })
    const failed = await faultBench().run({ skip: SKIP_ALL, reader: listReader(numbers(4)), writer: beyond })
    expect(failed.status, 'which items are written is not known').to.equal('FAILED')
    expect(countsOf(failed.step)).to.include({ writeCount: 0, writeSkipCount: 0 })
  })

  it('leaves out an item whatever was thrown at it', async () => {
    for (const thrown of [
      null,
      undefined,
      'text',
      Symbol('a symbol'),
      Object.create(null) as object,
      Object.freeze(new Error('frozen')),
      Object.assign(new Error('x'), { message: null, name: undefined }),
      new Error('no cause', { cause: null }),
    ]) {
      for (const phase of ['process', 'write']) {
        const { table, writer } = picky(phase === 'write' ? [3] : [], () => thrown as Error)
        const bench = faultBench()
        const { status, error } = await bench.run({
          skip: { on: () => true, limit: 1 },
          reader: listReader(numbers(6)),
          processor: (item) => {
            if (phase === 'process' && item === 3) throw thrown as Error
            return item
          },
          writer,
        })
        expect(status, `${String(error)} for ${inspect(thrown)}`).to.equal('COMPLETED')
        expect(table.rows()).to.deep.equal([0, 1, 2, 4, 5])
        expect(await quarantineOf(bench.repository)).to.have.length(1)
      }
    }
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

  it('does not blame the only item of a chunk for what fails behind its write, or before it', async () => {
    for (const size of [1, 2]) {
      const { table, writer } = picky([])
      const { status, error } = await faultBench().run({
        size,
        skip: SKIP_ALL,
        reader: listReader(numbers(4)),
        writer,
        listener: {
          beforeWrite: (outputs) => {
            if (outputs.includes(2)) throw new Error('a listener fails')
          },
        },
      })
      expect(status).to.equal('FAILED')
      expect(error.message).to.match(/from item 2\): a listener fails\./)
      expect(table.rows()).to.deep.equal([0, 1])
    }
  })

  it('never blames an item for a server without disk or memory, or one that only reads', async () => {
    for (const code of ['53100', '58030', '25006']) {
      const { table, writer } = picky([3], () => Object.assign(new Error('in trouble'), { code }))
      const { status, step } = await faultBench().run({
        size: 2,
        skip: SKIP_ALL,
        reader: listReader(numbers(6)),
        writer,
      })
      expect(status).to.equal('FAILED')
      expect(step.writeSkipCount).to.equal(0)
      expect(table.rows()).to.deep.equal([0, 1])
    }
  })

  it('tells listeners after the commit that contains the skip, and only then', async () => {
    const bench = faultBench()
    const events: string[] = []
    const { writer } = picky([3, 13])
    const listener = {
      onWriteError: () => void events.push('rolled back'),
      onSkipInRead: (_: unknown, raw: string) => void events.push(`read ${raw}`),
      onSkipInProcess: (_: unknown, item: number) => void events.push(`process ${item}`),
      onSkipInWrite: (_: unknown, output: number, position: object) => {
        events.push(`write ${output} at ${JSON.stringify(position)}`)
        throw new Error('a broken listener changes nothing')
      },
      afterWrite: (outputs: readonly number[]) => void events.push(`committed ${outputs.length}`),
    }
    const { error } = await bench.run({
      size: 10,
      skip: { on: Error, limit: 3 },
      reader: listReader(numbers(20), { faultsAt: [1] }),
      processor: (item) => {
        if (item === 2) throw new BadItem('no')
        return item
      },
      writer,
      listener,
    })
    expect(events).to.deep.equal([
      'rolled back',
      'committed 7',
      'read 1',
      'process 2',
      'write 3 at {"item":3}',
      'rolled back',
      'rolled back',
    ])
    expect(
      isBatchError(error, 'SKIP_LIMIT_EXCEEDED'),
      'the skip of 13 was rolled back and is not told',
    ).to.equal(true)
  })

  it('gives up between two savepoints when the run is aborted, and nothing is lost', async () => {
    const bench = faultBench()
    const entered = gate()
    const { table, writer } = picky(numbers(500))
    const started = entered.passed
    const abort = new AbortController()
    const slow: typeof writer = {
      ...writer,
      open: async (scope) => {
        const sink = await writer.open(scope)
        let calls = 0
        return {
          ...sink,
          write: async (items, transaction) => {
            if (++calls === 20) entered.open()
            await sink.write(items, transaction)
          },
        }
      },
    }
    void started.then(() => abort.abort())
    const { status, step } = await bench.run({
      size: 500,
      skip: SKIP_ALL,
      reader: listReader(numbers(500)),
      writer: slow,
      abort: abort.signal,
    })
    expect(status).to.equal('FAILED')
    expect(countsOf(step)).to.include({ readCount: 0, writeSkipCount: 0, commitCount: 0 })
    expect(await quarantineOf(bench.repository)).to.deep.equal([])
    expect(table.rows()).to.deep.equal([])
    const again = await bench.run({ size: 500, skip: SKIP_ALL, reader: listReader(numbers(500)), writer })
    expect(countsOf(again.step)).to.include({ readCount: 500, writeSkipCount: 500 })
  })
})

/** Its sink fails for good at this item. */
function opensUntil(writer: ItemWriter<number>, item: number): ItemWriter<number>['open'] {
  return async (scope) => {
    const sink = await writer.open(scope)
    return {
      ...sink,
      write: async (items, transaction) => {
        if (items.includes(item)) throw new BadItem(`cannot write ${item}`)
        await sink.write(items, transaction)
      },
    }
  }
}
