import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { gate, listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

describe('The overlap of a chunk-oriented step', () => {
  it('reads and processes the next chunk while one is written, and never a third', async () => {
    const writing = gate()
    const events: string[] = []
    const reader = listReader(numbers(9), { onRead: () => events.push('read') })
    const writer = listWriter<number>({
      onWrite: async (items, call) => {
        events.push(`write ${items[0]}`)
        if (call > 0) return
        await sleep(30)
        expect(events).to.deep.equal(['read', 'write 0', 'read'])
        writing.open()
      },
    })
    await testBatch().run(jobOf((step) => ({ load: step.chunk({ size: 3 }, { reader, writer }) })))
    await writing.passed
    expect(writer.chunks).to.have.lengthOf(3)
  })

  it('prepares the next write while this one is under way, and reports what fails in it as that chunk’s failure', async () => {
    const events: string[] = []
    const writer = listWriter<number>({
      onPrepare: ([first]) => {
        events.push(`prepare ${first}`)
        if (first === 4) throw new Error('4 cannot be encoded')
      },
      onWrite: async ([first]) => {
        events.push(`write ${first}`)
        await sleep(10)
        events.push(`written ${first}`)
      },
    })
    const { execution, error } = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 2 }, { reader: listReader(numbers(8)), writer }) })),
    )
    expect(events).to.deep.equal([
      'prepare 0',
      'write 0',
      'prepare 2',
      'written 0',
      'write 2',
      'prepare 4',
      'written 2',
    ])
    expect((error as Error).message).to.contain(
      'items 5 to 6 of this execution (from item 4): 4 cannot be encoded',
    )
    expect(execution.stepExecutions[0]).to.deep.include({ writeCount: 4, rollbackCount: 1 })
  })

  it('is left out when asked', async () => {
    const events: string[] = []
    const reader = listReader(numbers(6), { onRead: () => events.push('read') })
    const writer = listWriter<number>({ onWrite: async () => (await sleep(10), events.push('written')) })
    await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 3, overlap: false }, { reader, writer }) })),
    )
    expect(events).to.deep.equal(['read', 'written', 'read', 'written', 'read'])
  })

  it('lets a failure in the next chunk surface only after this one is committed', async () => {
    const writer = listWriter<number>({ onWrite: () => sleep(20) })
    const reader = listReader(numbers(6), { failAt: 4 })
    const { execution, error } = await testBatch().run(
      jobOf((step) => ({ load: step.chunk({ size: 3 }, { reader, writer }) })),
    )
    expect(writer.chunks).to.deep.equal([[0, 1, 2]])
    expect((error as Error).message).to.contain('cannot read item 4')
    expect(execution.stepExecutions[0]).to.deep.include({
      status: 'FAILED',
      readCount: 3,
      writeCount: 3,
      commitCount: 1,
    })
  })

  it('reports the failure of this chunk when the next one fails too', async () => {
    const writer = listWriter<number>({
      onWrite: async () => {
        await sleep(20)
        throw new Error('the table is full')
      },
    })
    const { execution, error } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk({ size: 3 }, { reader: listReader(numbers(6), { failAt: 4 }), writer }),
      })),
    )
    expect((error as Error).message).to.contain(
      'items 1 to 3 of this execution (from item 0): the table is full',
    )
    expect(execution.stepExecutions[0]).to.deep.include({
      readCount: 0,
      writeCount: 0,
      commitCount: 0,
      rollbackCount: 1,
    })
    expect(writer.calls).to.deep.equal(['write 3', 'rolledBack', 'close'])
  })

  it('does not wait for a read that waits when this chunk cannot be written', async () => {
    const heard: string[] = []
    const reader = {
      kind: 'waiting',
      description: 'waiting',
      open: async ({ signal }: { signal: AbortSignal }) => ({
        read: (limit: number) =>
          limit === 2 && !asked
            ? ((asked = true), Promise.resolve(page))
            : sleep(60_000, undefined, { signal }),
        close: async () => {},
      }),
    }
    let asked = false
    const page = {
      items: [1, 2],
      checkpointAfter: (index: number) => index,
      positionOf: (index: number) => ({ item: index }),
    }
    const writer = listWriter<number>({
      onWrite: async () => (await sleep(5), Promise.reject(new Error('the table is full'))),
    })
    const { error } = await testBatch().run(
      jobOf((step) => ({
        load: step.chunk(
          { size: 2 },
          { reader, writer, listeners: [{ onReadError: () => heard.push('read error') }] },
        ),
      })),
    )
    expect((error as Error).message).to.contain('the table is full')
    expect(heard, 'a read that was given up is no read error').to.deep.equal([])
  })

  it("keeps each chunk's context to the chunk that made it", async () => {
    const writer = listWriter<number>({
      onWrite: async (_, call) => (
        await sleep(10),
        call === 1 ? Promise.reject(new Error('full')) : undefined
      ),
    })
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 2 },
        {
          reader: listReader(numbers(6)),
          processor: (item, { stepContext }) => {
            stepContext.set('last', item)
            return item
          },
          writer,
        },
      ),
    }))
    const { execution } = await testBatch().run(job)
    expect(execution.stepExecutions[0]?.executionContext).to.deep.equal({
      kind: 'readable',
      values: {
        last: 1,
        'batchwright.reader': { kind: 'list', version: 1, at: 2 },
        'batchwright.writer': { kind: 'list', version: 1 },
      },
    })
  })
})
