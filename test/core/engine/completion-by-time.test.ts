import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import * as fc from 'fast-check'
import type { ItemReader } from '../../../src/core/ports/item-reader.ts'
import { gate, listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

describe('A chunk by time', () => {
  /** Hands over one item a page, when its gate opens. */
  function lateReader(gates: readonly { readonly passed: Promise<void> }[]) {
    let closed = 0
    let aborted = false
    const reader: ItemReader<number> = {
      kind: 'late',
      description: 'late items',
      open: async ({ from, signal }) => {
        let next = from === undefined ? 0 : Number(from)
        signal.addEventListener('abort', () => (aborted = true))
        return {
          read: async () => {
            if (next >= gates.length) return undefined
            await gates[next]?.passed
            const item = next++
            return { items: [item], checkpointAfter: () => item + 1, positionOf: () => ({ item }) }
          },
          close: async () => void closed++,
        }
      },
    }
    return { reader, closed: () => closed, aborted: () => aborted }
  }

  it('is written while the reader waits for more, and the late page begins the next one', async () => {
    const gates = [gate(), gate(), gate()]
    const writer = listWriter<number>()
    const { reader } = lateReader(gates)
    const running = testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 10, maxMilliseconds: 20 }, { reader, writer }) })),
    )
    gates[0]?.open()
    gates[1]?.open()
    while (writer.chunks.length === 0) await sleep(1)
    gates[2]?.open()
    const { execution } = await running
    expect(writer.chunks).to.deep.equal([[0, 1], [2]])
    expect(execution.stepExecutions[0]).to.deep.include({ status: 'COMPLETED', readCount: 3, commitCount: 2 })
  })

  it('does not begin before its first item is there', async () => {
    const gates = [gate(), gate()]
    const writer = listWriter<number>()
    const { reader } = lateReader(gates)
    const running = testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 10, maxMilliseconds: 40 }, { reader, writer }) })),
    )
    await sleep(60)
    for (const one of gates) one.open()
    await running
    expect(writer.chunks).to.deep.equal([[0, 1]])
  })

  it('is written at once when a stop comes while a page is late, and the reader is told to give up', async () => {
    const gates = [gate(), gate()]
    const writer = listWriter<number>()
    const { reader, closed, aborted } = lateReader(gates)
    const stop = new AbortController()
    const running = testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 10, maxMilliseconds: 60_000 }, { reader, writer }) })),
      { signal: stop.signal },
    )
    gates[0]?.open()
    await sleep(20)
    stop.abort()
    const { execution } = await running
    expect(execution.status).to.equal('STOPPED')
    expect(writer.chunks).to.deep.equal([[0]])
    expect([closed(), aborted()]).to.deep.equal([1, true])
  })

  it('fails behind the chunk when the late page fails', async () => {
    const writer = listWriter<number>()
    const reader = listReader([1, 2], {
      pageSize: 1,
      onRead: async () => {
        if (writer.chunks.length > 0 || reads++ > 0) {
          await sleep(40)
          throw new Error('the source has gone')
        }
      },
    })
    let reads = 0
    const { execution, error } = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 10, maxMilliseconds: 5 }, { reader, writer }) })),
    )
    expect(execution.status).to.equal('FAILED')
    expect((error as Error).message).to.include('the source has gone')
    expect(writer.chunks).to.deep.equal([[1]])
  })
})

describe('Chunks by time', () => {
  it('hold every item once and in order, whatever comes late and is killed', async () => {
    const runs = fc.asyncProperty(
      fc.record({
        count: fc.integer({ min: 0, max: 25 }),
        size: fc.integer({ min: 1, max: 9 }),
        maxMilliseconds: fc.integer({ min: 1, max: 4 }),
        maxBytes: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        pageSize: fc.integer({ min: 1, max: 6 }),
        delays: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 8 }),
        failures: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
      }),
      async ({ count, size, maxMilliseconds, maxBytes, pageSize, delays, failures }) => {
        const written: number[] = []
        const { run } = testBatch()
        for (const failAt of [...failures, Infinity]) {
          let reads = 0
          const writer = listWriter<number>({
            onWrite: (chunk, call) => {
              if (call === failAt) throw new Error('killed')
              expect(chunk.length).to.be.within(1, size)
              written.push(...chunk)
            },
          })
          const onRead = () => sleep(delays[reads++ % delays.length])
          const reader = listReader(numbers(count), { pageSize, onRead })
          const { execution } = await run(
            jobOf((step) => ({
              load: step.chunk(
                { size, maxMilliseconds, ...(maxBytes === undefined ? {} : { maxBytes }) },
                {
                  reader,
                  ...(maxBytes === undefined ? {} : { bytesOf: (item: number) => item % 7 }),
                  writer,
                },
              ),
            })),
          )
          expect(reader.closed).to.equal(1)
          if (execution.status === 'COMPLETED') break
        }
        expect(written).to.deep.equal(numbers(count))
      },
    )
    await fc.assert(runs, { numRuns: 40 })
  })
})
