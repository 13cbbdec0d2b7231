/** A reader and a writer that take their time. */
import type { Clock } from '../core/ports/clock.ts'
import type { ItemReader } from '../core/ports/item-reader.ts'
import type { ItemWriter } from '../core/ports/item-writer.ts'
import { systemClock } from '../process/system-clock.ts'

export interface SlowOptions {
  /** Before each read of a page, or each write of a chunk. */
  readonly milliseconds: number
  /** With a fake clock nothing waits in truth. @default the machine's */
  readonly clock?: Clock
}

export function slowReader<T>(
  reader: ItemReader<T>,
  { milliseconds, clock = systemClock }: SlowOptions,
): ItemReader<T> {
  return {
    ...reader,
    open: async (scope) => {
      const opened = await reader.open(scope)
      return {
        ...opened,
        read: async (limit) => {
          await clock.sleep(milliseconds, scope.signal)
          return opened.read(limit)
        },
      }
    },
  }
}

/** Not prepared and not pipelined: it waits within its transaction. */
export function slowWriter<T>(
  writer: ItemWriter<T>,
  { milliseconds, clock = systemClock }: SlowOptions,
): ItemWriter<T> {
  return {
    ...writer,
    open: async (scope) => {
      const { prepare, pipelined: _, ...sink } = await writer.open(scope)
      const write = prepare === undefined ? sink.write : undefined
      return {
        ...sink,
        write: async (items, transaction) => {
          await clock.sleep(milliseconds, scope.signal)
          await (write === undefined ? prepare?.(items)(transaction) : write(items, transaction))
        },
      }
    },
  }
}
