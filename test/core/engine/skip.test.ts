import { inspect } from 'node:util'
import { expect } from 'chai'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { ItemWriter } from '../../../src/core/ports/item-writer.ts'
import { memoryTable } from '../../../src/testing/memory-table.ts'
import { BadItem, countsOf, faultBench, Flaky } from '../fault-job.ts'
import { BadRecord, listReader, listWriter, numbers } from '../items.ts'
import { picky, quarantineOf, SKIP_ALL } from '../picky-table.ts'

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
