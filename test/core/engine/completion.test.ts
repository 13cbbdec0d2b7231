import { expect } from 'chai'
import * as fc from 'fast-check'
import type { ItemReader } from '../../../src/core/ports/item-reader.ts'
import { estimateBytes } from '../../../src/core/engine/chunk/item-bytes.ts'
import { iterableReader } from '../../../src/readers/iterable.ts'
import { everyKillPoint, memoryTable } from '../../../src/testing/index.ts'
import { classifierWriter } from '../../../src/writers/classifier.ts'
import { compositeWriter } from '../../../src/writers/composite.ts'
import { listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

const text = (length: number) => 'x'.repeat(length)

describe('A chunk by bytes', () => {
  const chunksOf = async (lengths: readonly number[], options: { size: number; maxBytes: number }) => {
    const writer = listWriter<string>()
    const reader = listReader(lengths.map(text))
    await testBatch().run(jobOf((step) => ({ load: step.chunk(options, { reader, writer }) })))
    return writer.chunks.map((chunk) => chunk.map(({ length }) => length))
  }

  it('takes no item that would make it larger', async () => {
    expect(await chunksOf([4, 4, 4, 2, 10, 1], { size: 100, maxBytes: 10 })).to.deep.equal([
      [4, 4],
      [4, 2],
      [10],
      [1],
    ])
  })

  it('is one item where that alone is larger', async () => {
    expect(await chunksOf([3, 50, 3], { size: 100, maxBytes: 10 })).to.deep.equal([[3], [50], [3]])
  })

  it('still ends at its size', async () => {
    expect(await chunksOf([1, 1, 1, 1, 1], { size: 2, maxBytes: 10 })).to.deep.equal([[1, 1], [1, 1], [1]])
  })

  it('is measured by `bytesOf` where that is given', async () => {
    const writer = listWriter<number>()
    await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 100, maxBytes: 10 },
          { reader: listReader([4, 6, 1]), bytesOf: (item) => item, writer },
        ),
      })),
    )
    expect(writer.chunks).to.deep.equal([[4, 6], [1]])
  })

  it('loses no item where `bytesOf` fails once and the read is tried again', async () => {
    const writer = listWriter<number>()
    let calls = 0
    const bytesOf = (): number => {
      calls += 1
      if (calls === 3) throw new Error('not now')
      return 1
    }
    await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 4, maxBytes: 3, retry: { on: Error, attempts: 2 } },
          { reader: listReader(numbers(8), { repeatable: true }), bytesOf, writer },
        ),
      })),
    )
    expect(writer.chunks).to.deep.equal([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ])
  })

  it('fails the step where `bytesOf` answers no number', async () => {
    const { error } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 100, maxBytes: 10 },
          { reader: listReader([1]), bytesOf: () => Number.NaN, writer: listWriter() },
        ),
      })),
    )
    expect((error as Error).message).to.include('bytesOf answered NaN')
  })

  it('does not read large items by the hundred', async () => {
    const limits: number[] = []
    const reader = listReader(
      numbers(60).map(() => text(100)),
      { onRead: (limit) => limits.push(limit) },
    )
    await testBatch().run(
      jobOf((step) => ({
        load: step.chunk({ size: 1000, maxBytes: 300 }, { reader, writer: listWriter() }),
      })),
    )
    expect(Math.max(...limits)).to.equal(16)
    expect(Math.max(...limits.slice(1))).to.be.at.most(3)
  })

  it('tells item listeners of each item once, in the chunk that takes it', async () => {
    const events: string[] = []
    const writer = listWriter<string>({ onWrite: (items) => events.push(`write ${items.join(' ')}`) })
    await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 100, maxBytes: 2, overlap: false },
          {
            reader: listReader(['a', 'b', 'c']),
            writer,
            listeners: [{ afterRead: (item) => void events.push(`read ${item}`) }],
          },
        ),
      })),
    )
    expect(events).to.deep.equal(['read a', 'read b', 'write a b', 'read c', 'write c'])
  })
})

describe('Chunks by count and bytes', () => {
  it('hold every item once and in order, whatever the sizes, pages and kills', async () => {
    const runs = fc.asyncProperty(
      fc.record({
        lengths: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 40 }),
        size: fc.integer({ min: 1, max: 9 }),
        maxBytes: fc.integer({ min: 1, max: 30 }),
        pageSize: fc.integer({ min: 1, max: 50 }),
        overlap: fc.boolean(),
        failures: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
      }),
      async ({ lengths, size, maxBytes, pageSize, overlap, failures }) => {
        const items = lengths.map((length, index) => ({ index, length }))
        const written: (typeof items)[] = []
        const { run } = testBatch()
        for (const failAt of [...failures, Infinity]) {
          const writer = listWriter<(typeof items)[number]>({
            onWrite: (chunk, call) => {
              if (call === failAt) throw new Error('killed')
              written.push([...chunk])
            },
          })
          const { execution } = await run(
            jobOf((step) => ({
              load: step.chunk(
                { size, maxBytes, overlap },
                { reader: listReader(items, { pageSize }), bytesOf: ({ length }) => length, writer },
              ),
            })),
          )
          if (execution.status === 'COMPLETED') break
        }
        expect(written.flat()).to.deep.equal(items)
        for (const [index, chunk] of written.entries()) {
          const bytes = chunk.reduce((sum, { length }) => sum + length, 0)
          expect(chunk.length).to.be.within(1, size)
          if (chunk.length > 1) expect(bytes).to.be.at.most(maxBytes)
          const next = written[index + 1]?.[0]
          if (next !== undefined && chunk.length < size) expect(bytes + next.length).to.be.above(maxBytes)
        }
      },
    )
    await fc.assert(runs, { numRuns: 150 })
  })
})

describe('Killed wherever it can be killed, a step', () => {
  const table = memoryTable<{ readonly id: number }>()
  const target = { parameters: {}, output: table.rows, reset: () => table.clear() }

  it('with chunks by bytes writes each item once', async () => {
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 6, maxBytes: 20 },
        {
          reader: iterableReader(numbers(25)),
          bytesOf: (id) => (id * 7) % 13,
          processor: (id) => ({ id }),
          writer: table.writer,
        },
      ),
    }))
    const { kills } = await everyKillPoint(job, target)
    expect(kills).to.be.above(20)
    expect(table.rows().map(({ id }) => id)).to.deep.equal(numbers(25))
  })

  it('with composed writers writes each item once with each of them', async () => {
    const other = memoryTable<{ readonly id: number }>()
    const small = memoryTable<{ readonly id: number }>()
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 4 },
        {
          reader: iterableReader(numbers(15)),
          processor: (id) => ({ id }),
          writer: compositeWriter([
            table.writer,
            classifierWriter(({ id }: { readonly id: number }) => (id < 7 ? 'small' : 'other'), {
              small: small.writer,
              other: other.writer,
            }),
          ]),
        },
      ),
    }))
    await everyKillPoint(job, {
      parameters: {},
      output: () => [table.rows(), small.rows(), other.rows()],
      reset: () => [table, small, other].forEach((one) => one.clear()),
    })
    const ids = (rows: readonly { readonly id: number }[]) => rows.map(({ id }) => id)
    expect([ids(table.rows()), ids(small.rows()), ids(other.rows())]).to.deep.equal([
      numbers(15),
      numbers(7),
      numbers(15).slice(7),
    ])
  })
})

describe('A chunk of skipped records', () => {
  it('is committed by time too', async () => {
    const writer = listWriter<number>()
    let reads = 0
    const reader: ItemReader<number> = {
      kind: 'bad',
      description: 'bad records, then none for long',
      open: async ({ signal }) => ({
        read: async () => {
          if (reads++ === 0)
            return {
              items: [],
              checkpointAfter: () => 0,
              positionOf: () => ({ line: 1 }),
              fault: { error: new Error('bad'), raw: 'bad', position: { line: 1 }, checkpointAfter: 1 },
            }
          await new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error))
          })
          return undefined
        },
        close: async () => {},
      }),
    }
    const stop = new AbortController()
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 10, maxMilliseconds: 10, skip: { on: Error, limit: 5 } },
          { reader, writer, listeners: [{ afterChunk: () => stop.abort() }] },
        ),
      })),
      { signal: stop.signal },
    )
    expect(execution.stepExecutions[0]).to.deep.include({
      status: 'STOPPED',
      readSkipCount: 1,
      commitCount: 1,
    })
  })
})

describe('The estimate of an item in bytes', () => {
  it('is about its size as JSON', () => {
    const trade = { isin: 'US0378331005', quantity: 100, legs: [{ price: 1.5 }, { price: 2.5 }], note: null }
    expect(estimateBytes(trade)).to.be.within(60, 140)
    expect([estimateBytes('four'), estimateBytes(Buffer.alloc(100)), estimateBytes(undefined)]).to.deep.equal(
      [4, 100, 8],
    )
  })

  it('comes to an end for an item that holds itself', () => {
    const ring: Record<string, unknown> = {}
    ring['self'] = ring
    expect(estimateBytes(ring)).to.be.within(8, 200)
  })
})
