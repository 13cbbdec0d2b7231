/** Random chunks, random faults, random limits: whatever happens, every record is accounted for once. */
import { expect } from 'chai'
import fc from 'fast-check'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import { BatchError, isBatchError } from '../../../src/core/model/batch-error.ts'
import { NO_COUNTS, type StepCounts } from '../../../src/core/model/step-execution.ts'
import type { ItemWriter } from '../../../src/core/ports/item-writer.ts'
import { memoryTable, type MemoryTable } from '../../../src/testing/memory-table.ts'
import { BadItem, countsOf, faultBench, Flaky } from '../fault-job.ts'
import { listReader, numbers } from '../items.ts'

type Fate =
  | 'good'
  | 'filtered'
  | 'bad record'
  | 'bad to process'
  | 'bad to write'
  | 'flaky to process'
  | 'flaky to write'

const fates = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>('good') },
    {
      weight: 4,
      arbitrary: fc.constantFrom<Fate>(
        'filtered',
        'bad record',
        'bad to process',
        'bad to write',
        'flaky to process',
        'flaky to write',
      ),
    },
  ),
  { maxLength: 60 },
)

interface Scene {
  readonly fates: readonly Fate[]
  readonly size: number
  readonly pageSize: number
  readonly concurrency: number
  readonly limit: number
  readonly waits: boolean
  readonly names: boolean
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  fates,
  size: fc.integer({ min: 1, max: 25 }),
  pageSize: fc.integer({ min: 1, max: 25 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  limit: fc.integer({ min: 0, max: 25 }),
  waits: fc.boolean(),
  names: fc.boolean(),
})

/** Each flaky item fails once; a bad one always. `writes` counts the calls for each chunk of outputs. */
function worldOf({ fates: all, names }: Scene) {
  const tried = new Set<string>()
  const failsOnce = (what: string): boolean => !tried.has(what) && tried.add(what) !== undefined
  const table: MemoryTable<number> = memoryTable<number>({ key: (row) => row })
  const processor = (item: number): number | typeof FILTERED => {
    const fate = all[item]
    if (fate === 'bad to process') throw new BadItem(`cannot process ${item}`)
    if (fate === 'flaky to process' && failsOnce(`process ${item}`)) throw new Flaky('not now')
    return fate === 'filtered' ? FILTERED : item
  }
  let writes = 0
  const refuse = (items: readonly number[]): void => {
    for (const [index, item] of items.entries()) {
      if (all[item] === 'flaky to write' && failsOnce(`write ${item}`)) throw new Flaky('not now')
      if (all[item] !== 'bad to write') continue
      const cause = new BadItem(`cannot write ${item}`)
      throw names
        ? new BatchError('WRITE_FAILED', 'refused', { details: { itemIndex: index }, cause })
        : cause
    }
  }
  const writer: ItemWriter<number> = {
    ...table.writer,
    open: async (scope) => {
      const sink = await table.writer.open(scope)
      return {
        ...sink,
        write: async (items, transaction) => {
          writes += 1
          await sink.write(items, transaction)
          refuse(items)
        },
      }
    },
  }
  return { table, processor, writer, writes: () => writes }
}

const isSkipped = (fate: Fate): boolean => fate.startsWith('bad')

describe('Random faults', () => {
  it('cost the items they hit and no others, each of them once, whatever the limit and however often it is restarted', async () => {
    await fc.assert(
      fc.asyncProperty(scenes, async (scene) => {
        const { fates: all, size, pageSize, concurrency, limit, waits } = scene
        const bench = faultBench()
        const { table, processor, writer } = worldOf(scene)
        const bad = all.flatMap((fate, index) => (isSkipped(fate) ? [index] : []))
        const good = all.flatMap((fate, index) => (isSkipped(fate) || fate === 'filtered' ? [] : [index]))
        const faultsAt = all.flatMap((fate, index) => (fate === 'bad record' ? [index] : []))
        let totals: StepCounts = NO_COUNTS
        let allowed = limit
        for (;;) {
          const { status, error, step } = await bench.run({
            size,
            concurrency,
            retry: {
              on: Flaky,
              attempts: 100,
              ...(waits && { backoff: { kind: 'fixed', delayMilliseconds: 5 } }),
            },
            skip: { on: Error, limit: allowed },
            reader: listReader(numbers(all.length), { pageSize, faultsAt }),
            processor: processor as (item: number) => number,
            writer,
          })
          const counts = countsOf(step)
          expect(counts.readCount).to.equal(
            counts.writeCount + counts.filterCount + counts.processSkipCount + counts.writeSkipCount,
          )
          totals = sum(totals, counts)
          expect([...table.rows()]).to.deep.equal(good.slice(0, table.rows().length))
          expect(table.rows()).to.have.length(totals.writeCount)
          if (status === 'COMPLETED') break
          expect(isBatchError(error, 'SKIP_LIMIT_EXCEEDED'), error.message).to.equal(true)
          expect(bad.length).to.be.above(allowed)
          expect(error.message).to.match(new RegExp(`\\bat item (${bad.join('|')}) `))
          allowed += 1 + Math.floor(limit / 2)
        }
        expect(bad.length).to.be.at.most(allowed)
        expect(table.rows()).to.deep.equal(good)
        expect(totals.readSkipCount).to.equal(faultsAt.length)
        expect(skips(totals)).to.equal(bad.length)
        const entries = await bench.repository.quarantine.list({ which: 'all', limit: 1_000 })
        expect(entries.map(({ position }) => position['item']).toSorted(byNumber)).to.deep.equal(bad)
      }),
      { numRuns: 150 },
    )
  }).timeout(60_000)

  it('cost at most about 2·k·log₂ n tries for k bad items among n', async () => {
    const chunks = fc
      .integer({ min: 2, max: 120 })
      .chain((count) =>
        fc.tuple(fc.constant(count), fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 8 })),
      )
    await fc.assert(
      fc.asyncProperty(chunks, async ([count, bad]) => {
        const all = Array.from({ length: count }, (_, index): Fate =>
          bad.includes(index) ? 'bad to write' : 'good',
        )
        const scene = {
          fates: all,
          size: count,
          pageSize: 50,
          concurrency: 1,
          limit: 8,
          waits: false,
          names: false,
        }
        const { writer, table, writes } = worldOf(scene)
        const { step } = await faultBench().run({
          size: count,
          skip: { on: BadItem, limit: bad.length },
          reader: listReader(numbers(count)),
          writer,
        })
        expect(step.writeSkipCount).to.equal(bad.length)
        expect(table.rows()).to.have.length(count - bad.length)
        expect(writes()).to.be.at.most(2 * bad.length * Math.ceil(Math.log2(count)) + 2)
        expect(step.rollbackCount).to.equal(bad.length === 0 ? 0 : 1)
      }),
      { numRuns: 100 },
    )
  }).timeout(60_000)
})

function sum(one: StepCounts, other: StepCounts): StepCounts {
  const keys = Object.keys(NO_COUNTS) as (keyof StepCounts)[]
  return Object.fromEntries(keys.map((key) => [key, one[key] + other[key]])) as unknown as StepCounts
}

function skips({ readSkipCount, processSkipCount, writeSkipCount }: StepCounts): number {
  return readSkipCount + processSkipCount + writeSkipCount
}

function byNumber(one: unknown, other: unknown): number {
  return Number(one) - Number(other)
}
