/** A reader that fails where a test wants it to. */
import type { ItemReader, OpenedReader, Page } from '../core/ports/item-reader.ts'
import { pagePart } from './page-part.ts'
import { type FailureOptions, type PlannedFailure, planFailure } from './planned-failure.ts'

export interface FailingReaderOptions<T> extends FailureOptions {
  /** The item in whose place it fails, counted from 0 where it was opened, or one that the function chooses. */
  readonly at: number | ((item: T, index: number) => boolean)
  /**
   * `read`: the read is rejected; called again, it gives the item. `record`: the item is a record that cannot be made into an
   * item, which a step may skip.
   * @default 'read'
   */
  readonly as?: 'read' | 'record'
}

/** Hands over the items before it, then fails. What it is opened with and what it stores is the inner reader's. */
export function failingReader<T>(reader: ItemReader<T>, options: FailingReaderOptions<T>): ItemReader<T> {
  const failure = planFailure(options)
  return { ...reader, open: async (scope) => failingOpened(await reader.open(scope), options, failure) }
}

function failingOpened<T>(
  opened: OpenedReader<T>,
  { at, as = 'read' }: FailingReaderOptions<T>,
  failure: PlannedFailure,
): OpenedReader<T> {
  const isAt = typeof at === 'function' ? at : (_: T, index: number) => index === at
  let handedOver = 0
  /** What was read and not yet handed over. */
  let held: Page<T> | undefined
  const readInner = readOnceBroken(opened)
  const handOver = (page: Page<T>, count: number): void => {
    handedOver += count
    const rest = keepFault(page, pagePart(page, count, page.items.length))
    held = rest.items.length > 0 || rest.fault !== undefined ? rest : undefined
  }
  const fail = (page: Page<T>): Page<T> => {
    held = page
    const error = failure.next(`item ${handedOver} of the reader`)
    if (as === 'read') throw error
    handOver(page, 1)
    return faultyPage(page, error)
  }
  return {
    ...opened,
    repeatable: true,
    read: async (limit) => {
      const page = held ?? (await readInner(limit))
      if (page === undefined) return undefined
      held = undefined
      const isFailing = (item: T, index: number): boolean => failure.isDue() && isAt(item, handedOver + index)
      const found = page.items.findIndex(isFailing)
      if (found === 0) return fail(page)
      const count = Math.min(found === -1 ? page.items.length : found, limit)
      const isWhole = count === page.items.length
      if (isWhole) handedOver += count
      else handOver(page, count)
      return isWhole ? page : pagePart(page, 0, count)
    },
  }
}

/** Repeatable only as far as the inner reader is: of one that is not, the first rejection stands. */
function readOnceBroken<T>(opened: OpenedReader<T>): OpenedReader<T>['read'] {
  if (opened.repeatable === true) return opened.read
  let broken: Promise<never> | undefined
  return async (limit) => {
    if (broken !== undefined) return broken
    try {
      return await opened.read(limit)
    } catch (error) {
      broken = Promise.reject(error as Error)
      broken.catch(() => {})
      throw error
    }
  }
}

/** The first item of the page as a record that cannot be made into one. */
function faultyPage<T>(page: Page<T>, error: Error): Page<T> {
  const fault = {
    error,
    raw: textOf(page.items[0]),
    position: page.positionOf(0),
    checkpointAfter: page.checkpointAfter(0),
  }
  return { ...pagePart(page, 0, 0), fault }
}

/** The fault stands behind the last item of a page, so it goes with its last part. */
function keepFault<T>(page: Page<T>, rest: Page<T>): Page<T> {
  return page.fault === undefined ? rest : { ...rest, fault: page.fault }
}

function textOf(item: unknown): string {
  return typeof item === 'string' ? item : JSON.stringify(item)
}
