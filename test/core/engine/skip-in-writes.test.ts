import { expect } from 'chai'
import { itemsFailed } from '../../../src/core/ports/items-failed.ts'
import { BadItem, countsOf, faultBench, Flaky } from '../fault-job.ts'
import { gate, listReader, listWriter, numbers } from '../items.ts'
import { picky, quarantineOf, SKIP_ALL } from '../picky-table.ts'

describe('Skip of items that cannot be written', () => {
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
