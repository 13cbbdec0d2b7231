import { expect } from 'chai'
import { z } from 'zod'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { defineJob, isTransient } from '../../src/index.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import {
  failingReader,
  failingWriter,
  fakeClock,
  itemReaderContract,
  memoryTable,
  recordingWriter,
  slowReader,
  slowWriter,
  testBatch,
} from '../../src/testing/index.ts'
import { numbers } from '../core/items.ts'

const load = (reader: ItemReader<number>, writer: ItemWriter<number>) =>
  defineJob({
    name: 'load',
    parameters: z.object({}),
    steps: (step) => ({ load: step.chunk({ size: 4, retry: false }, { reader, writer }) }),
  })

describe('A failing reader', () => {
  const ten = iterableReader(numbers(10))

  it('hands over what comes before the item, then fails', async () => {
    const batch = testBatch()
    const table = memoryTable<number>()
    const failed = await batch.runJob(load(failingReader(ten, { at: 6 }), table.writer), {})
    expect(failed.step('load')).to.include({ status: 'FAILED', writeCount: 4 })
    expect((failed.error as Error).message).to.contain('planned failure: item 6 of the reader')
    await batch.runJob(load(ten, table.writer), {})
    expect(table.rows()).to.deep.equal(numbers(10))
  })

  it('fails so often as it is told, with the error that it is given', async () => {
    const batch = testBatch()
    const table = memoryTable<number>()
    const error = new TypeError('the sensor is off')
    const reader = failingReader(ten, { at: (item) => item === 8, error, times: 2 })
    const job = load(reader, table.writer)
    for (const status of ['FAILED', 'FAILED', 'COMPLETED']) {
      const result = await batch.runJob(job, {})
      expect(result.status).to.equal(status)
      if (status === 'FAILED') expect((result.error as Error).cause).to.equal(error)
    }
    expect(table.rows()).to.deep.equal(numbers(10))
  })

  it('gives the item when it is read again', async () => {
    const reader = failingReader(ten, { at: 3, times: 1, transient: true })
    const opened = await reader.open({ from: undefined, signal: neverAborted } as never)
    expect((await opened.read(10))?.items).to.deep.equal([0, 1, 2])
    const error = await opened.read(10).catch((thrown: unknown) => thrown)
    expect(isTransient(error)).to.equal(true)
    expect((await opened.read(2))?.items).to.deep.equal([3, 4])
    expect((await opened.read(10))?.items).to.deep.equal([5, 6, 7, 8, 9])
    await opened.close()
  })

  for (const { promise, check } of itemReaderContract<number>({
    reader: () => ten,
    faulty: () =>
      failingReader(ten, { at: (item) => item % 4 === 3 || item === 9 || item === 8, as: 'record' }),
    failing: () => failingReader(ten, { at: 5 }),
  }))
    it(`as a record that cannot be made into an item: ${promise}`, check)
})

describe('A failing writer', () => {
  it('fails before anything of the write is written, or after all of it', async () => {
    for (const when of ['before', 'after'] as const) {
      const recording = recordingWriter<number>()
      const writer = failingWriter(recording, { at: 1, when })
      const failed = await testBatch().runJob(load(iterableReader(numbers(10)), writer), {})
      expect(failed.step('load').writeCount).to.equal(4)
      expect(recording.items()).to.have.lengthOf(when === 'before' ? 4 : 8)
    }
  })

  it('leaves no trace of the failed write in a table of the transaction', async () => {
    const table = memoryTable<number>()
    const writer = failingWriter(table.writer, { at: (item) => item === 5, when: 'after', times: 1 })
    const batch = testBatch()
    const job = load(iterableReader(numbers(10)), writer)
    expect((await batch.runJob(job, {})).status).to.equal('FAILED')
    expect(table.rows()).to.deep.equal(numbers(4))
    expect((await batch.runJob(job, {})).status).to.equal('COMPLETED')
    expect(table.rows()).to.deep.equal(numbers(10))
  })
})

describe('A slow reader and a slow writer', () => {
  it('take the time of their clock', async () => {
    const clock = fakeClock({ autoAdvance: true })
    const table = memoryTable<number>()
    const options = { milliseconds: 60_000, clock }
    const job = load(slowReader(iterableReader(numbers(10)), options), slowWriter(table.writer, options))
    ;(await testBatch({ clock }).runJob(job, {})).completed()
    expect(clock.sleeps).to.have.lengthOf(4 + 3)
    expect(table.rows()).to.deep.equal(numbers(10))
  })
})

const neverAborted = new AbortController().signal
