/** Reads whatever JavaScript can iterate: arrays, iterables, async iterables, Node streams. */
import { Readable } from 'node:stream'
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint } from '../core/model/json-value.ts'
import type { ItemReader, OpenedReader, Page } from '../core/ports/item-reader.ts'

/** Node's streams in object mode are async iterables. */
export type IterableSource<T> = Iterable<T> | AsyncIterable<T>

export interface IterableReaderOptions {
  /**
   * Whether the source gives the same items again when it is asked again; if not, a restart is refused.
   * @default true, but false for a stream or an iterator that was passed itself and not made by a function
   */
  readonly repeatable?: boolean
  /** For people. @default what it is, such as `array` */
  readonly description?: string
}

/**
 * Pass a function that makes the source, so that each execution gets a new one; a restart asks for a new one too, and
 * skips what was committed. Streams are destroyed and iterators returned when the step ends before they do.
 *
 * The items are whatever the source gives, `null` and `undefined` included. An asynchronous source that lets itself be
 * waited for does not delay a stop.
 */
export function iterableReader<T>(
  source: IterableSource<T> | (() => IterableSource<T> | Promise<IterableSource<T>>),
  options: IterableReaderOptions = {},
): ItemReader<T> {
  const isMade = typeof source === 'function'
  const description = options.description ?? (isMade ? 'iterable' : kindOf(source))
  const repeatable = options.repeatable ?? (isMade || !isUsedUp(source))
  return {
    kind: 'iterable',
    description,
    open: async (scope) => {
      const skip = itemsBefore(scope.from, description)
      if (scope.from !== undefined && !repeatable) throw notRepeatable(description)
      return openIterable(
        cursorOf(isMade ? await source() : source, description, scope.signal),
        skip,
        description,
      )
    },
  }
}

/** The items to come, one page after the other. */
interface Cursor<T> {
  /** Undefined at the end; an empty page where nothing has arrived for a while. */
  readonly take: (limit: number) => Promise<readonly T[] | undefined> | readonly T[] | undefined
  readonly total?: number
  readonly close: () => Promise<void>
}

async function openIterable<T>(
  cursor: Cursor<T>,
  skip: number,
  description: string,
): Promise<OpenedReader<T>> {
  let done = 0
  const read = async (limit: number): Promise<readonly T[] | undefined> => {
    const items = await cursor.take(limit)
    done += items?.length ?? 0
    return items
  }
  try {
    while (done < skip) {
      if ((await read(Math.min(skip - done, SKIPPED_AT_ONCE))) === undefined)
        throw tooShort(description, skip, done)
    }
  } catch (error) {
    await cursor.close()
    throw error
  }
  return {
    read: async (limit) => {
      const before = done
      const items = await read(limit)
      return items && pageOf(items, before)
    },
    progress: () => ({ done, unit: 'items', ...(cursor.total !== undefined && { total: cursor.total }) }),
    close: cursor.close,
  }
}

const SKIPPED_AT_ONCE = 1_000

function pageOf<T>(items: readonly T[], before: number): Page<T> {
  return {
    items,
    checkpointAfter: (index) => ({ items: before + index + 1 }),
    positionOf: (index) => ({ item: before + index + 1 }),
  }
}

function cursorOf<T>(source: IterableSource<T>, description: string, signal: AbortSignal): Cursor<T> {
  if (Array.isArray(source)) return arrayCursor(source as readonly T[])
  if (source instanceof Readable) {
    // It may fail before it is first read; the iterator tells of it then.
    source.on('error', ignore)
    return asyncCursor(
      source[Symbol.asyncIterator]() as AsyncIterator<T>,
      signal,
      () => void source.destroy(),
    )
  }
  if (isObject(source) && Symbol.asyncIterator in source)
    return asyncCursor(source[Symbol.asyncIterator](), signal)
  if (isObject(source) && Symbol.iterator in source) return syncCursor(source)
  throw new BatchError(
    'INVALID_READER_OPTIONS',
    `iterableReader (${description}) was given ${source === null ? 'null' : typeof source}, which cannot be iterated`,
  )
}

function isObject(source: unknown): source is object {
  return typeof source === 'object' && source !== null
}

function arrayCursor<T>(array: readonly T[]): Cursor<T> {
  let at = 0
  return {
    take: (limit) => {
      if (at >= array.length) return undefined
      const items = array.slice(at, at + limit)
      at += items.length
      return items
    },
    total: array.length,
    close: async () => {},
  }
}

function syncCursor<T>(source: Iterable<T>): Cursor<T> {
  const iterator = source[Symbol.iterator]()
  const total = source instanceof Set || source instanceof Map ? source.size : undefined
  let ended = false
  return {
    take: (limit) => {
      const items: T[] = []
      while (!ended && items.length < limit) {
        const step = iterator.next()
        if (step.done === true) ended = true
        else items.push(step.value)
      }
      return items.length === 0 ? undefined : items
    },
    ...(total !== undefined && { total }),
    close: async () => {
      if (!ended) iterator.return?.()
    },
  }
}

/** Waits no longer than this, so that a stop is noticed between the items of a slow source. */
const PATIENCE_MILLISECONDS = 100

function asyncCursor<T>(iterator: AsyncIterator<T>, signal: AbortSignal, destroy?: () => void): Cursor<T> {
  let pending: Promise<IteratorResult<T>> | undefined
  let ended = false
  const gather = async (limit: number, over: Promise<undefined>): Promise<readonly T[] | undefined> => {
    const items: T[] = []
    while (!ended && items.length < limit) {
      pending ??= iterator.next()
      const step = await Promise.race([pending, over])
      if (step === undefined) {
        pending.catch(ignore)
        return items
      }
      pending = undefined
      if (step.done === true) ended = true
      else items.push(step.value)
    }
    return items.length === 0 ? undefined : items
  }
  return {
    take: (limit) => withPatience(signal, (over) => gather(limit, over)),
    close: async () => {
      pending?.catch(ignore)
      if (destroy !== undefined) return destroy()
      const returned = ended ? undefined : iterator.return?.()
      // One that is being waited for does not answer before that.
      if (pending === undefined) await returned
      else returned?.catch(ignore)
    },
  }
}

/** `over` settles when it takes too long, and rejects when the step is to end. */
async function withPatience<R>(
  signal: AbortSignal,
  work: (over: Promise<undefined>) => Promise<R>,
): Promise<R> {
  signal.throwIfAborted()
  let forget = (): void => {}
  const over = new Promise<undefined>((resolve, reject) => {
    const timer = setTimeout(resolve, PATIENCE_MILLISECONDS, undefined)
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    forget = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  })
  try {
    return await work(over)
  } finally {
    forget()
  }
}

function itemsBefore(from: Checkpoint | undefined, description: string): number {
  if (from === undefined) return 0
  const items = typeof from === 'object' && from !== null && 'items' in from ? Number(from.items) : Number.NaN
  if (Number.isSafeInteger(items) && items >= 0) return items
  throw refused(description, 'its checkpoint is not one of its own')
}

function notRepeatable(description: string): BatchError {
  return refused(
    description,
    'the source cannot be read a second time: pass a function that makes it anew instead of the stream or iterator itself',
  )
}

function tooShort(description: string, wanted: number, found: number): BatchError {
  return refused(
    description,
    `${wanted} items were committed before, and the source now gives only ${found}: it is not the same source any more`,
  )
}

function refused(description: string, reason: string): BatchError {
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `iterableReader (${description}) cannot go on: ${reason}; or launch a new job instance`,
    {
      details: { source: description },
    },
  )
}

function kindOf(source: IterableSource<unknown>): string {
  if (Array.isArray(source)) return `array of ${source.length} items`
  return source instanceof Readable ? 'stream' : 'iterable'
}

/** Streams and iterators: what was taken from them does not come again. */
function isUsedUp(source: IterableSource<unknown>): boolean {
  return source instanceof Readable || 'next' in source || 'getReader' in source
}

function ignore(): void {}
