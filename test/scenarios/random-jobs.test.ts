import { expect } from 'chai'
import fc from 'fast-check'
import { z } from 'zod'
import type { StepFactory } from '../../src/core/definition/step-factory.ts'
import type { Steps } from '../../src/core/definition/define-job.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { defineJob, FILTERED, memoryRepository } from '../../src/index.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import {
  everyKillPoint,
  failingReader,
  failingWriter,
  fakeClock,
  type MemoryTable,
  memoryTable,
  testBatch,
  type ThrowAwaySchema,
  throwAwaySchema,
} from '../../src/testing/index.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'
import { numbers } from '../core/items.ts'
import { testDatabase } from '../embedded-postgres.ts'

/** The developer's run tries less; `.ci/run` asks for more. */
const RUNS = Number(process.env['BATCHWRIGHT_TEST_RUNS'] ?? 40)
const POSTGRES_RUNS = Math.ceil(RUNS / 10)
const KILLS_PER_RUN = 4

type Row = { readonly step: number; readonly id: number }

/** What happens at one item. What is transient passes after so many times; what is poison never does. */
interface Fault {
  readonly phase: 'read' | 'process' | 'write'
  /** Wraps around at the number of items. */
  readonly item: number
  readonly kind: 'transient' | 'poison' | 'fatal once'
  readonly times: number
  readonly when: 'before' | 'after'
}

interface RandomStep {
  readonly items: number
  readonly size: number
  /** Of a chunk's items; 0: no limit. */
  readonly maxBytes: number
  readonly overlap: boolean
  readonly concurrency: number
  /** Every so many items are filtered; 0: none. */
  readonly filterEvery: number
  readonly faults: readonly Fault[]
  /** Written at once and by key, outside the transaction, instead of in it. */
  readonly idempotent: boolean
}

const fault: fc.Arbitrary<Fault> = fc.record({
  phase: fc.constantFrom('read' as const, 'process' as const, 'write' as const),
  item: fc.nat({ max: 40 }),
  kind: fc.constantFrom('transient' as const, 'poison' as const, 'poison' as const, 'fatal once' as const),
  times: fc.integer({ min: 1, max: 2 }),
  when: fc.constantFrom('before' as const, 'after' as const),
})

const randomStep: fc.Arbitrary<RandomStep> = fc.record({
  items: fc.nat({ max: 24 }),
  size: fc.integer({ min: 1, max: 9 }),
  maxBytes: fc.constantFrom(0, 0, 3, 8),
  overlap: fc.boolean(),
  concurrency: fc.integer({ min: 1, max: 3 }),
  filterEvery: fc.constantFrom(0, 2, 3, 5),
  faults: fc.array(fault, { maxLength: 4 }),
  idempotent: fc.boolean(),
})

const randomJob = fc.record({
  steps: fc.array(randomStep, { minLength: 1, maxLength: 3 }),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  kills: fc.constantFrom(1 as const, 2 as const),
})

describe('Random jobs with random faults that are killed at random points', function () {
  this.timeout(120_000 + RUNS * 4_000)

  it(`write every good item once, count each once, and lose one item for each bad one: ${RUNS} jobs in memory`, () =>
    fc.assert(
      fc.asyncProperty(randomJob, (job) => holds(job, inMemory())),
      { numRuns: RUNS },
    ))

  it(`do so in Postgres: ${POSTGRES_RUNS} jobs`, async () => {
    const server = await testDatabase()
    try {
      await using schema = await throwAwaySchema({ connection: server.connection })
      await schema.pool.query('create table row (step int, id int, primary key (step, id))')
      await fc.assert(
        fc.asyncProperty(randomJob, (job) => holds(withoutIdempotence(job), inPostgres(schema))),
        { numRuns: POSTGRES_RUNS },
      )
    } finally {
      await server.close()
    }
  })
})

type RandomJob = typeof randomJob extends fc.Arbitrary<infer J> ? J : never

async function holds({ steps, seed, kills }: RandomJob, store: Store): Promise<void> {
  const world = createWorld(steps, store)
  await checkUndisturbed(world, steps, store.schema?.repository ?? memoryRepository())
  await everyKillPoint(world.job, {
    parameters: { run: 0 },
    output: world.rows,
    reset: world.reset,
    restarts: RESTARTS,
    sample: KILLS_PER_RUN,
    kills,
    seed,
    ...(store.schema && { schema: store.schema }),
  })
  expect(await world.rows()).to.deep.equal(steps.flatMap(goodRows))
}

/** Where the rows go, and the repository that belongs to it. */
interface Store {
  readonly writer: ItemWriter<Row>
  readonly upsertingWriter: ItemWriter<Row>
  readonly rows: () => Promise<readonly Row[]>
  readonly clear: () => Promise<void>
  readonly schema?: ThrowAwaySchema
}

function inMemory(): Store {
  const table = memoryTable<Row>({ key: ({ step, id }) => `${step} ${id}` })
  return {
    writer: table.writer,
    upsertingWriter: upserting(table),
    rows: async () => table.rows(),
    clear: async () => table.clear(),
  }
}

function inPostgres(schema: ThrowAwaySchema): Store {
  const writer = postgresWriter<Row>({ table: 'row', columns: ['step', 'id'] })
  return {
    writer,
    upsertingWriter: writer,
    rows: async () => (await schema.pool.query<Row>('select step, id from row')).rows,
    clear: async () => void (await schema.pool.query('truncate row')),
    schema,
  }
}

function withoutIdempotence(job: RandomJob): RandomJob {
  return { ...job, steps: job.steps.map((step) => ({ ...step, idempotent: false })) }
}

/** At most four faults a step are fatal, and each of them once. */
const RESTARTS = 12

/** Each is an instance of its own. */
let run = 0

/** Against what the definition says, and not against another run. */
async function checkUndisturbed(
  { job, rows, reset }: World,
  steps: readonly RandomStep[],
  repository: JobRepository,
): Promise<void> {
  const parameters = { run: (run += 1) }
  await reset()
  const batch = testBatch({ repository, clock: fakeClock({ autoAdvance: true }) })
  let result = await batch.runJob(job, parameters)
  for (let restart = 0; restart < RESTARTS && result.status === 'FAILED'; restart += 1)
    result = await batch.runJob(job, parameters)
  result.completed()
  expect(await rows()).to.deep.equal(steps.flatMap(goodRows))
  const executions = await repository.listJobExecutions({
    jobInstanceId: result.execution.jobInstance.id,
    limit: 100,
  })
  for (const [number, step] of steps.entries()) {
    const sums = { read: 0, write: 0, filter: 0, readSkip: 0, processSkip: 0, writeSkip: 0 }
    for (const { id } of executions) {
      const found = await repository.findJobExecution(id)
      for (const one of found?.stepExecutions ?? []) {
        if (one.stepName !== `step${number}`) continue
        sums.read += one.readCount
        sums.write += one.writeCount
        sums.filter += one.filterCount
        sums.readSkip += one.readSkipCount
        sums.processSkip += one.processSkipCount
        sums.writeSkip += one.writeSkipCount
      }
    }
    const fates = numbers(step.items).map((id) => fateOf(step, id))
    const count = (fate: Fate) => fates.filter((one) => one === fate).length
    expect(sums).to.deep.equal({
      read: step.items - count('skipped in read'),
      write: count('written'),
      filter: count('filtered'),
      readSkip: count('skipped in read'),
      processSkip: count('skipped in process'),
      writeSkip: count('skipped in write'),
    })
  }
}

type Fate = 'skipped in read' | 'skipped in process' | 'filtered' | 'skipped in write' | 'written'

/** What must become of an item, by what is poison for it. */
function fateOf(step: RandomStep, id: number): Fate {
  const poisoned = (phase: Fault['phase']) =>
    step.faults.some((one) => one.phase === phase && one.kind === 'poison' && isAt(step, one, id))
  if (poisoned('read')) return 'skipped in read'
  if (poisoned('process')) return 'skipped in process'
  if (isFiltered(step, id)) return 'filtered'
  return poisoned('write') && !step.idempotent ? 'skipped in write' : 'written'
}

function goodRows(step: RandomStep, number: number): readonly Row[] {
  return numbers(step.items)
    .filter((id) => fateOf(step, id) === 'written')
    .map((id) => ({ step: number, id }))
}

function isAt({ items }: RandomStep, { item }: Fault, id: number): boolean {
  return items > 0 && item % items === id
}

function isFiltered({ filterEvery }: RandomStep, id: number): boolean {
  return filterEvery > 0 && id % filterEvery === 1
}

function byStepAndId(one: Row, other: Row): number {
  return one.step - other.step || one.id - other.id
}

class Poison extends Error {}

interface World {
  readonly job: ReturnType<typeof jobOf>
  readonly rows: () => Promise<readonly Row[]>
  /** Empties the table, and lets every fault happen again. */
  readonly reset: () => Promise<void>
}

function createWorld(steps: readonly RandomStep[], store: Store): World {
  const parts = { of: steps.map((step, number) => partsOf(step, number, store)) }
  return {
    job: jobOf(steps, (number) => parts.of[number] as StepParts),
    rows: async () => (await store.rows()).toSorted(byStepAndId),
    reset: async () => {
      await store.clear()
      parts.of = steps.map((step, number) => partsOf(step, number, store))
    },
  }
}

function jobOf(steps: readonly RandomStep[], partsAt: (number: number) => StepParts) {
  return defineJob({
    name: 'random',
    parameters: z.object({ run: z.int() }),
    steps: (factory): Steps =>
      Object.fromEntries(
        steps.map((step, number) => [`step${number}`, chunkStep(factory, step, () => partsAt(number))]),
      ),
  })
}

function chunkStep(factory: StepFactory<unknown>, step: RandomStep, parts: () => StepParts) {
  const { size, overlap, concurrency, maxBytes } = step
  return factory.chunk(
    {
      size,
      overlap,
      concurrency,
      ...(maxBytes === 0 ? {} : { maxBytes }),
      retry: { attempts: 20 },
      skip: { on: Poison, limit: 1_000 },
    },
    {
      reader: () => parts().reader,
      processor: (id: number) => parts().process(id),
      writer: () => parts().writer,
    },
  )
}

interface StepParts {
  readonly reader: ItemReader<number>
  readonly process: (id: number) => Row | typeof FILTERED | Promise<Row>
  readonly writer: ItemWriter<Row>
}

function partsOf(step: RandomStep, number: number, store: Store): StepParts {
  const at = (phase: Fault['phase']) => step.faults.filter((one) => one.phase === phase)
  const reader = at('read').reduce<ItemReader<number>>(
    (inner, one) =>
      failingReader(inner, {
        ...plan(one),
        at: (id) => isAt(step, one, id),
        as: one.kind === 'poison' ? 'record' : 'read',
      }),
    iterableReader(() => numbers(step.items)),
  )
  const writer = at('write')
    .filter(({ kind }) => kind !== 'poison' || !step.idempotent)
    .reduce(
      (inner, one) =>
        failingWriter(inner, { ...plan(one), at: ({ id }) => isAt(step, one, id), when: one.when }),
      step.idempotent ? store.upsertingWriter : store.writer,
    )
  return { reader, process: processorOf(step, number, at('process')), writer }
}

function plan({ kind, times }: Fault): { error?: () => Error; times?: number; transient?: boolean } {
  switch (kind) {
    case 'transient':
      return { times, transient: true }
    case 'poison':
      return { error: () => new Poison('poison') }
    case 'fatal once':
      return { times: 1 }
    default:
      return kind satisfies never
  }
}

function processorOf(step: RandomStep, number: number, faults: readonly Fault[]): StepParts['process'] {
  const happened = new Map<Fault, number>()
  return (id) => {
    for (const one of faults.filter((each) => isAt(step, each, id))) {
      const { error, times = Infinity, transient } = plan(one)
      const before = happened.get(one) ?? 0
      if (before >= times) continue
      happened.set(one, before + 1)
      throw error?.() ?? Object.assign(new Error(one.kind), transient === true ? { code: '40001' } : {})
    }
    if (isFiltered(step, id)) return FILTERED
    const row = { step: number, id }
    return id % 4 === 0 ? Promise.resolve(row) : row
  }
}

/** Each row that is not there yet, at once: to write it again changes nothing. */
function upserting(table: MemoryTable<Row>): ItemWriter<Row> {
  const isThere = (row: Row) => table.rows().some(({ step, id }) => step === row.step && id === row.id)
  return {
    kind: 'upserting',
    description: 'rows at once, by their key',
    guarantee: 'idempotent',
    open: async () => ({
      write: async (rows) => table.insert(rows.filter((row) => !isThere(row))),
      close: async () => {},
    }),
  }
}
