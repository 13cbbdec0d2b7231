/** What every reader promises, as cases for any test runner: `for (const { promise, check } of itemReaderContract(…)) it(promise, check)`. */
import assert from 'node:assert/strict'
import type { Checkpoint } from '../../core/model/json-value.ts'
import { isBatchError } from '../../core/model/batch-error.ts'
import type { ItemReader, OpenedReader, ReaderScope, ReadFault } from '../../core/ports/item-reader.ts'
import type { Resources } from '../../core/ports/resource.ts'
import type { ContractCase } from '../contract.ts'
import { NO_RESOURCES, SILENT_LOGGER, stored, withinSeconds } from './scope.ts'

export interface ItemReaderSubject<T> {
  /** Over a source of at least 3 and best some 20 items. Called for each opening: all are over the same source. */
  readonly reader: () => ItemReader<T> | Promise<ItemReader<T>>
  /** Over a source with at least one record that cannot be made into an item, and an item before and behind it. */
  readonly faulty?: () => ItemReader<T> | Promise<ItemReader<T>>
  /** Over a source that opens, and whose reading fails before its end. */
  readonly failing?: () => ItemReader<T> | Promise<ItemReader<T>>
  /**
   * For a reader that notices a changed input: over another one in the place of the subject's, which was changed in what
   * stands before its last item.
   */
  readonly replaced?: () => ItemReader<T> | Promise<ItemReader<T>>
  /**
   * Of a source whose parts are read side by side, such as the partitions of a log: which part an item is of. The order is compared
   * within each. @default all are of one
   */
  readonly partOf?: (item: T) => string | number
  /** What the repository lends. @default nothing */
  readonly resources?: Resources
}

type MakeReader<T> = ItemReaderSubject<T>['reader']

/** Everything that one pass gave. `checkpoints[n]` is the one after `items[n]`. */
interface Pass<T> {
  readonly items: readonly T[]
  readonly checkpoints: readonly Checkpoint[]
  readonly faults: readonly (ReadFault & { readonly itemsBefore: number })[]
}

const PAGE_LIMITS = [1, 2, 3, 7, 10_000]
const NO_CHECKPOINT: Checkpoint = { 'no such': ['checkpoint'] }

export function itemReaderContract<T>(subject: ItemReaderSubject<T>): readonly ContractCase[] {
  const promises: Record<string, () => Promise<void>> = {
    'gives the same items whatever the page limit': () => sameForAnyLimit(subject),
    'gives the same items each time it is opened, also at the same time': () => sameEachTime(subject),
    'resumes after the checkpoint of any item': () => resumesAnywhere(subject),
    'ends at once when it is opened after the last item': () => endsAfterLast(subject),
    'refuses a checkpoint that is not its own': () => refusesForeignCheckpoint(subject),
    'says where each item stands': () => saysPositions(subject),
    'a page that is held keeps its checkpoints and positions while further pages are read': () =>
      keepsHeldPages(subject),
    'reports progress that never goes back nor past the total': () => reportsProgress(subject),
    'can be closed before, between and behind its pages': () => closesAnytime(subject),
    'can be closed after an abort while a read is pending': () => closesDuringRead(subject),
  }
  if (subject.faulty) {
    const { faulty } = subject
    promises['delivers the items before a broken record, names it, and goes on behind it'] = () =>
      goesOn(faulty, subject)
    promises['resumes before and behind a broken record'] = () => resumesAroundFault(faulty, subject)
  }
  if (subject.replaced) {
    const { replaced } = subject
    promises['refuses to resume where its input was replaced, unless that is accepted'] = () =>
      refusesReplaced(replaced, subject)
  }
  if (subject.failing) {
    const { failing } = subject
    promises['can be closed after a read has failed'] = () => closesAfterFailure(failing, subject)
  }
  return Object.entries(promises).map(([promise, check]) => ({ promise, check }))
}

async function sameForAnyLimit<T>(subject: ItemReaderSubject<T>): Promise<void> {
  const { items } = await pass(subject.reader, subject)
  assert.ok(
    items.length >= 3,
    `the subject gives ${items.length} items: at least 3 are needed to prove anything`,
  )
  for (const limit of PAGE_LIMITS) {
    const other = await pass(subject.reader, subject, undefined, limit)
    assertSame(subject, other.items, items, `with pages of ${limit}`)
  }
}

async function sameEachTime<T>(subject: ItemReaderSubject<T>): Promise<void> {
  const reader = await subject.reader()
  const same = (): ItemReader<T> => reader
  const [first, second] = await Promise.all([pass(same, subject), pass(same, subject, undefined, 2)])
  assertSame(subject, second.items, first.items, 'opened twice')
}

async function resumesAnywhere<T>(subject: ItemReaderSubject<T>): Promise<void> {
  const { items, checkpoints } = await pass(subject.reader, subject, undefined, 3)
  for (const [index, checkpoint] of checkpoints.entries()) {
    assert.deepEqual(
      stored(checkpoint),
      checkpoint,
      `the checkpoint after item ${index} changes when it is stored`,
    )
    const rest = await pass(subject.reader, subject, stored(checkpoint), 2)
    assertSame(subject, rest.items, items.slice(index + 1), `resumed after item ${index}`)
  }
}

async function endsAfterLast<T>(subject: ItemReaderSubject<T>): Promise<void> {
  const { checkpoints } = await pass(subject.reader, subject)
  await opened(subject.reader, subject, checkpoints.at(-1), async (reader) => {
    for (;;) {
      const page = await reader.read(10)
      if (page === undefined) return
      assert.equal(page.items.length, 0, 'an item comes after the last one')
    }
  })
}

async function refusesForeignCheckpoint<T>(subject: ItemReaderSubject<T>): Promise<void> {
  await assert.rejects(
    () => opened(subject.reader, subject, NO_CHECKPOINT, (reader) => reader.read(1)),
    (error) => isBatchError(error, 'CHECKPOINT_REFUSED'),
    'opening from a checkpoint of another reader must throw CHECKPOINT_REFUSED',
  )
}

async function refusesReplaced<T>(replaced: MakeReader<T>, subject: ItemReaderSubject<T>): Promise<void> {
  const { checkpoints } = await pass(subject.reader, subject, undefined, 3)
  const last = checkpoints.at(-1)
  assert.ok(last !== undefined, 'the subject gives no item')
  await assert.rejects(
    () => opened(replaced, subject, stored(last), (reader) => reader.read(1)),
    (error) => isBatchError(error, 'INPUT_CHANGED'),
    'opening from a checkpoint in another input must throw INPUT_CHANGED',
  )
  const reader = await (await replaced()).open({ ...scopeOf(subject, stored(last)), acceptChanges: true })
  await reader.close()
}

async function saysPositions<T>(subject: ItemReaderSubject<T>): Promise<void> {
  await opened(subject.reader, subject, undefined, async (reader) => {
    const seen = new Set<string>()
    let items = 0
    for (let page = await reader.read(3); page; page = await reader.read(3)) {
      for (const index of page.items.keys()) seen.add(String(Object.entries(page.positionOf(index)).flat()))
      items += page.items.length
    }
    assert.equal(seen.size, items, 'two items stand at the same position')
  })
}

async function keepsHeldPages<T>(subject: ItemReaderSubject<T>): Promise<void> {
  await opened(subject.reader, subject, undefined, async (reader) => {
    const held: { readonly tell: () => unknown; readonly told: unknown }[] = []
    for (let page = await reader.read(2); page; page = await reader.read(2)) {
      const { items, checkpointAfter, positionOf } = page
      const tell = (): unknown =>
        [...items.keys()].map((index) => [checkpointAfter(index), positionOf(index)])
      held.push({ tell, told: tell() })
    }
    for (const [index, { tell, told }] of held.entries()) assert.deepEqual(tell(), told, `page ${index + 1}`)
  })
}

async function reportsProgress<T>(subject: ItemReaderSubject<T>): Promise<void> {
  await opened(subject.reader, subject, undefined, async (reader) => {
    let last = 0
    for (let page = await reader.read(2); page; page = await reader.read(2)) {
      const progress = reader.progress?.()
      if (!progress) return
      assert.ok(progress.done >= last, `progress goes back from ${last} to ${progress.done}`)
      assert.ok(progress.done <= (progress.total ?? Infinity), `${progress.done} done of ${progress.total}`)
      last = progress.done
    }
  })
}

async function closesAnytime<T>(subject: ItemReaderSubject<T>): Promise<void> {
  await opened(subject.reader, subject, undefined, async () => undefined)
  await opened(subject.reader, subject, undefined, (reader) => reader.read(1))
  await pass(subject.reader, subject)
}

async function closesDuringRead<T>(subject: ItemReaderSubject<T>): Promise<void> {
  const stop = new AbortController()
  const reader = await (await subject.reader()).open(scopeOf(subject, undefined, stop.signal))
  const pending = reader.read(2).then(
    () => undefined,
    () => undefined,
  )
  stop.abort(new Error('the step is to end'))
  await withinSeconds(5, 'close', reader.close())
  await withinSeconds(5, 'the pending read', pending)
}

async function goesOn<T>(faulty: MakeReader<T>, subject: ItemReaderSubject<T>): Promise<void> {
  const { items, faults } = await pass(faulty, subject)
  assert.ok(faults.length > 0, 'the faulty subject has no broken record')
  for (const limit of PAGE_LIMITS) {
    const other = await pass(faulty, subject, undefined, limit)
    assert.deepEqual(other.items, items, `with pages of ${limit}`)
    assert.deepEqual(
      other.faults.map(({ itemsBefore }) => itemsBefore),
      faults.map(({ itemsBefore }) => itemsBefore),
      `with pages of ${limit}`,
    )
  }
  for (const { error, raw, position } of faults) {
    assert.ok(error instanceof Error && error.message.length > 0 && typeof raw === 'string')
    assert.ok(Object.keys(position).length > 0, 'a fault without a position')
  }
}

async function resumesAroundFault<T>(faulty: MakeReader<T>, subject: ItemReaderSubject<T>): Promise<void> {
  const { items, checkpoints, faults } = await pass(faulty, subject)
  const behind = (count: number): number => faults.filter(({ itemsBefore }) => itemsBefore >= count).length
  for (const [index, { checkpointAfter, itemsBefore }] of faults.entries()) {
    const rest = await pass(faulty, subject, stored(checkpointAfter))
    assert.deepEqual(rest.items, items.slice(itemsBefore), 'resumed behind a broken record')
    assert.equal(rest.faults.length, faults.length - index - 1, 'the broken record comes again')
  }
  for (const [index, checkpoint] of checkpoints.entries()) {
    const rest = await pass(faulty, subject, stored(checkpoint))
    assert.deepEqual(rest.items, items.slice(index + 1), `resumed after item ${index}`)
    assert.equal(rest.faults.length, behind(index + 1), `broken records after item ${index}`)
  }
}

async function closesAfterFailure<T>(failing: MakeReader<T>, subject: ItemReaderSubject<T>): Promise<void> {
  const reader = await (await failing()).open(scopeOf(subject))
  await assert.rejects(async () => {
    while (await reader.read(10));
  }, 'the failing subject reads to its end')
  await withinSeconds(5, 'close', reader.close())
}

function assertSame<T>(
  { partOf }: ItemReaderSubject<T>,
  items: readonly T[],
  expected: readonly T[],
  when: string,
): void {
  const byPart = (all: readonly T[]): readonly T[] =>
    partOf === undefined
      ? all
      : all.toSorted((one, other) =>
          String(partOf(one)) < String(partOf(other)) ? -1 : Number(partOf(one) !== partOf(other)),
        )
  assert.deepEqual(byPart(items), byPart(expected), when)
}

async function pass<T>(
  make: MakeReader<T>,
  subject: ItemReaderSubject<T>,
  from?: Checkpoint,
  limit = 10,
): Promise<Pass<T>> {
  const items: T[] = []
  const checkpoints: Checkpoint[] = []
  const faults: (ReadFault & { itemsBefore: number })[] = []
  await opened(make, subject, from, async (reader) => {
    for (let page = await reader.read(limit); page; page = await reader.read(limit)) {
      assert.ok(page.items.length <= limit, `${page.items.length} items in a page of at most ${limit}`)
      for (const index of page.items.keys()) checkpoints.push(page.checkpointAfter(index))
      items.push(...page.items)
      if (page.fault) faults.push({ ...page.fault, itemsBefore: items.length })
    }
  })
  return { items, checkpoints, faults }
}

async function opened<T, R>(
  make: MakeReader<T>,
  subject: ItemReaderSubject<T>,
  from: Checkpoint | undefined,
  use: (reader: OpenedReader<T>) => Promise<R>,
): Promise<R> {
  const reader = await (await make()).open(scopeOf(subject, from))
  try {
    return await use(reader)
  } finally {
    await reader.close()
  }
}

function scopeOf<T>(
  subject: ItemReaderSubject<T>,
  from?: Checkpoint,
  signal = new AbortController().signal,
): ReaderScope {
  return { from, signal, logger: SILENT_LOGGER, resources: subject.resources ?? NO_RESOURCES }
}
