import { expect } from 'chai'
import { BatchError, isBatchError } from '../../../src/core/model/batch-error.ts'
import type { ItemWriter } from '../../../src/core/ports/item-writer.ts'
import type { Retry } from '../../../src/core/ports/listeners.ts'
import { itemsFailed } from '../../../src/core/ports/items-failed.ts'
import { memoryTable } from '../../../src/testing/memory-table.ts'
import { BadItem, countsOf, faultBench, Flaky } from '../fault-job.ts'
import { listReader, listWriter, numbers } from '../items.ts'

/** Throws so many times, then never again. */
function failing(times: number, error: () => Error = () => new Flaky('not now')): () => void {
  let left = times
  return () => {
    if (left-- > 0) throw error()
  }
}

const serializationFailure = (): Error =>
  Object.assign(new Error('could not serialize access'), { code: '40001' })

describe('Retry', () => {
  it('processes an item again in its place, and waits outside any transaction', async () => {
    const bench = faultBench()
    const fail = failing(2)
    const writer = listWriter<number>()
    const { status, step, warnings } = await bench.run({
      retry: {
        on: Flaky,
        attempts: 3,
        backoff: { kind: 'exponential', initialMilliseconds: 100, factor: 3 },
      },
      reader: listReader(numbers(5)),
      processor: (item) => {
        if (item === 3) fail()
        return item
      },
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(writer.chunks).to.deep.equal([[0, 1, 2, 3, 4]])
    expect(bench.clock.sleeps).to.deep.equal([100, 300])
    expect(step.rollbackCount).to.equal(0)
    expect(warnings).to.deep.equal([
      'attempt 1 of 3 failed (process, item 3): not now',
      'attempt 2 of 3 failed (process, item 3): not now',
    ])
  })

  it('keeps the order with concurrency', async () => {
    const fails = new Map(numbers(20).map((item) => [item, failing(item % 3)]))
    const writer = listWriter<number>()
    const { status } = await faultBench().run({
      concurrency: 4,
      size: 20,
      retry: { on: Flaky, attempts: 3 },
      reader: listReader(numbers(20)),
      processor: async (item) => {
        await Promise.resolve()
        fails.get(item)?.()
        return item
      },
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(writer.chunks).to.deep.equal([numbers(20)])
  })

  it('fails the step when the attempts are used up, naming the item', async () => {
    const seen: Retry[] = []
    const { status, error } = await faultBench().run({
      retry: { on: Flaky, attempts: 2 },
      reader: listReader(numbers(5)),
      processor: failing(9) as () => number,
      writer: listWriter<number>(),
      listener: { onRetriesExhausted: (retry) => void seen.push(retry) },
    })
    expect(status).to.equal('FAILED')
    expect(error.message).to.equal('Step load could not process item 0: not now')
    expect(seen).to.have.length(1)
    expect(seen[0]).to.deep.include({ phase: 'process', attempt: 2, attempts: 2, place: 'item 0' })
  })

  it('tells once for a chunk that its attempts are used up, however many parts fail behind that', async () => {
    const table = memoryTable<number>()
    const writer: ItemWriter<number> = {
      ...table.writer,
      open: async (scope) => {
        const sink = await table.writer.open(scope)
        const write: typeof sink.write = async (items, transaction) => {
          if (items.includes(3)) throw new BadItem('no 3')
          await sink.write(items, transaction)
        }
        return { ...sink, write }
      },
    }
    const seen: Retry[] = []
    const { step } = await faultBench().run({
      size: 100,
      retry: { on: BadItem, attempts: 3 },
      skip: { on: BadItem, limit: 1 },
      reader: listReader(numbers(100)),
      writer,
      listener: { onRetriesExhausted: (retry) => void seen.push(retry) },
    })
    expect(step).to.include({ writeCount: 99, writeSkipCount: 1 })
    expect(seen.map(({ phase, attempt }) => [phase, attempt])).to.deep.equal([['write', 3]])
  })

  it('does not take the chunk before for the one rolled back when a write fails while it is prepared', async () => {
    const fail = failing(1)
    const calls: string[] = []
    const writer: ItemWriter<number> = {
      kind: 'prepared',
      description: 'prepared',
      guarantee: 'at-least-once',
      open: async () => ({
        prepare: (items) => {
          if (items.includes(2)) fail()
          return async () => void calls.push(`write ${items.join()}`)
        },
        write: () => Promise.reject(new Error('it is prepared')),
        rolledBack: async () => void calls.push('rolledBack'),
        close: async () => {},
      }),
    }
    const { status } = await faultBench().run({
      size: 2,
      retry: { on: Flaky, attempts: 2 },
      reader: listReader(numbers(6)),
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(calls).to.deep.equal(['write 0,1', 'write 2,3', 'write 4,5'])
  })

  it('writes the buffered outputs again in a new transaction, without running processors again', async () => {
    const bench = faultBench()
    const fail = failing(2)
    let processed = 0
    const writer = listWriter<number>({ onWrite: fail })
    const { status, step } = await bench.run({
      retry: { on: Flaky, attempts: 3, backoff: { kind: 'fixed', delayMilliseconds: 50 } },
      reader: listReader(numbers(5)),
      processor: (item) => {
        processed += 1
        return item
      },
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(processed).to.equal(5)
    expect(writer.chunks).to.deep.equal([numbers(5)])
    expect(writer.calls.slice(0, 5)).to.deep.equal([
      'write 5',
      'rolledBack',
      'write 5',
      'rolledBack',
      'write 5',
    ])
    expect(bench.clock.sleeps).to.deep.equal([50, 50])
    expect(countsOf(step)).to.include({ writeCount: 5, commitCount: 1, rollbackCount: 2 })
  })

  it('tries a transactional writer again at once, in a savepoint of one transaction, when there is no back-off', async () => {
    const bench = faultBench()
    const table = memoryTable<number>()
    const fail = failing(3)
    const { status, step } = await bench.run({
      retry: { on: Flaky, attempts: 4 },
      reader: listReader(numbers(5)),
      writer: failingBefore(table.writer, fail),
    })
    expect(status).to.equal('COMPLETED')
    expect(table.rows()).to.deep.equal(numbers(5))
    expect(bench.clock.sleeps).to.deep.equal([])
    expect(step.rollbackCount, 'of the first attempt').to.equal(1)
  })

  it('repeats a chunk after a serialization failure without being told to, with a growing wait', async () => {
    const bench = faultBench()
    const writer = listWriter<number>({ onWrite: failing(3, serializationFailure) })
    const { status, step } = await bench.run({ reader: listReader(numbers(5)), writer })
    expect(status).to.equal('COMPLETED')
    expect(step.rollbackCount).to.equal(3)
    expect(bench.clock.sleeps).to.have.length(3)
    for (const [index, most] of [50, 100, 200].entries())
      expect(bench.clock.sleeps[index]).to.be.within(most / 2, most)
  })

  it('does so even where an error wraps it, five attempts in all', async () => {
    const wrapped = (): Error => new Error('my writer failed', { cause: serializationFailure() })
    const writer = listWriter<number>({ onWrite: failing(5, wrapped) })
    const { status, error } = await faultBench().run({ reader: listReader(numbers(5)), writer })
    expect(status).to.equal('FAILED')
    expect(writer.calls.filter((call) => call.startsWith('write'))).to.have.length(5)
    expect(error.message).to.include('in 5 attempts: my writer failed')
  })

  it('can be switched off', async () => {
    const writer = listWriter<number>({ onWrite: failing(1, serializationFailure) })
    const { status } = await faultBench().run({ retry: false, reader: listReader(numbers(5)), writer })
    expect(status).to.equal('FAILED')
    expect(writer.calls).to.include('write 5').and.not.include('write 10')
  })

  it('never repeats what the framework refuses, or what may be committed', async () => {
    const refusals = [
      new BatchError('LEASE_LOST', 'taken over'),
      new BatchError('OPTIMISTIC_LOCK_FAILED', 'changed'),
      new BatchError('TRANSACTION_RESOURCE_MISSING', 'no client'),
      new BatchError('WRITE_FAILED', 'too late', { details: { outcome: 'committed' } }),
      new BatchError('REPOSITORY_UNAVAILABLE', 'lost', { details: { outcome: 'unknown' } }),
    ]
    for (const refusal of refusals) {
      const writer = listWriter<number>({ onWrite: failing(1, () => refusal) })
      const everything = (): boolean => true
      const run = faultBench().run({
        retry: { on: everything, attempts: 5 },
        skip: { on: everything, limit: 100 },
        reader: listReader(numbers(5)),
        writer,
      })
      const ended = await run.then(
        ({ error }) => error,
        (error: Error) => error,
      )
      expect(isBatchError(ended) && ended.code, refusal.code).to.equal(refusal.code)
      expect(writer.calls.filter((call) => call === 'write 5')).to.have.length(1)
    }
  })

  it('asks a reader again only if it says that it may be asked', async () => {
    for (const repeatable of [true, undefined]) {
      const writer = listWriter<number>()
      const reader = listReader(numbers(5), { onRead: failing(2), ...(repeatable && { repeatable }) })
      const { status, error } = await faultBench().run({ retry: { on: Flaky, attempts: 3 }, reader, writer })
      expect(status).to.equal(repeatable ? 'COMPLETED' : 'FAILED')
      if (repeatable) expect(writer.chunks).to.deep.equal([numbers(5)])
      else expect(isBatchError(error, 'READ_FAILED')).to.equal(true)
    }
  })

  it('repeats only the items that a writer without transactions names', async () => {
    const writes: (readonly number[])[] = []
    const writer = listWriter<number>({
      onWrite: (items) => {
        writes.push(items)
        const failures = items.flatMap((item, index) =>
          item % 4 === 1 && writes.length < 3 ? [{ index, error: new Flaky(`item ${item}`) }] : [],
        )
        if (failures.length > 0) throw itemsFailed(failures)
      },
    })
    const { status, step } = await faultBench().run({
      retry: { on: Flaky, attempts: 3 },
      reader: listReader(numbers(10)),
      writer,
    })
    expect(status).to.equal('COMPLETED')
    expect(writes).to.deep.equal([numbers(10), [1, 5, 9], [1, 5, 9]])
    expect(writer.calls, 'the others are written for good').not.to.include('rolledBack')
    expect(countsOf(step)).to.include({ readCount: 10, writeCount: 10, writeSkipCount: 0, rollbackCount: 2 })
  })

  it('ends as STOPPED when a stop comes during a back-off, and a restart begins with the chunk', async () => {
    const bench = faultBench()
    const table = memoryTable<number>()
    const stop = new AbortController()
    const failAlways = (): void => {
      throw new Flaky('not now')
    }
    const first = await bench.run({
      size: 2,
      retry: { on: Flaky, attempts: 2, backoff: { kind: 'fixed', delayMilliseconds: 60_000 } },
      reader: listReader(numbers(6)),
      writer: failingBefore(table.writer, (items) => {
        if (items.includes(2)) failAlways()
      }),
      listener: {
        onRetry: () => stop.abort(),
      },
      stop: stop.signal,
    })
    expect(first.status).to.equal('STOPPED')
    expect(table.rows()).to.deep.equal([0, 1])
    const second = await bench.run({ size: 2, reader: listReader(numbers(6)), writer: table.writer })
    expect(second.status).to.equal('COMPLETED')
    expect(table.rows()).to.deep.equal(numbers(6))
  })

  it('is told to listeners before each wait, and what they throw changes nothing', async () => {
    const seen: Retry[] = []
    const fail = failing(2)
    const { status } = await faultBench().run({
      retry: { on: Flaky, attempts: 3, backoff: { kind: 'fixed', delayMilliseconds: 10 } },
      reader: listReader(numbers(5)),
      writer: listWriter<number>({ onWrite: fail }),
      listener: {
        onRetry: (retry) => {
          seen.push(retry)
          throw new BadItem('the listener is broken')
        },
      },
    })
    expect(status).to.equal('COMPLETED')
    expect(
      seen.map(({ attempt, delayMilliseconds, phase, place }) => ({
        attempt,
        delayMilliseconds,
        phase,
        place,
      })),
    ).to.deep.equal(
      [1, 2].map((attempt) => ({
        attempt,
        delayMilliseconds: 10,
        phase: 'write',
        place: 'the chunk from item 0',
      })),
    )
  })
})

function failingBefore<T>(
  writer: ReturnType<typeof memoryTable<T>>['writer'],
  fail: (items: readonly T[]) => void,
): typeof writer {
  return {
    ...writer,
    open: async (scope) => {
      const sink = await writer.open(scope)
      return {
        ...sink,
        write: async (items, transaction) => {
          fail(items)
          await sink.write(items, transaction)
        },
      }
    },
  }
}
