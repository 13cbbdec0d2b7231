/** Reads a whole file through a reader, with all that it says on the way. */
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader, ReaderScope } from '../../src/core/ports/item-reader.ts'
import { NO_RESOURCES, SILENT_LOGGER, stored } from '../../src/testing/contracts/scope.ts'

export interface Reading<T> {
  readonly items: readonly T[]
  readonly lines: readonly number[]
  readonly checkpoints: readonly Checkpoint[]
  /** Messages of the faults. */
  readonly faults: readonly string[]
  readonly raws: readonly string[]
}

export function readerScope(
  from?: Checkpoint,
  signal: AbortSignal = new AbortController().signal,
): ReaderScope {
  return {
    from: from === undefined ? undefined : stored(from),
    signal,
    logger: SILENT_LOGGER,
    resources: NO_RESOURCES,
  }
}

export async function readAll<T>(
  reader: ItemReader<T>,
  from?: Checkpoint,
  limit = 1000,
): Promise<Reading<T>> {
  const reading = {
    items: [] as T[],
    lines: [] as number[],
    checkpoints: [] as Checkpoint[],
    faults: [] as string[],
    raws: [] as string[],
  }
  const opened = await reader.open(readerScope(from))
  try {
    for (let page = await opened.read(limit); page; page = await opened.read(limit)) {
      for (const index of page.items.keys()) {
        reading.lines.push(Number(page.positionOf(index).line))
        reading.checkpoints.push(page.checkpointAfter(index))
      }
      reading.items.push(...page.items)
      if (page.fault) {
        reading.faults.push(page.fault.error.message)
        reading.raws.push(page.fault.raw)
      }
    }
    return reading
  } finally {
    await opened.close()
  }
}

/** The error of opening, or of reading to the end. */
export async function failureOf(reader: ItemReader<unknown>, from?: Checkpoint): Promise<Error> {
  try {
    await readAll(reader, from)
  } catch (error) {
    return error as Error
  }
  throw new Error('it reads to its end')
}
