/** A writer that keeps what it was asked to write, for a test to look at. */
import type { ItemWriter } from '../core/ports/item-writer.ts'

export interface RecordingWriter<T> extends ItemWriter<T> {
  /** One entry for each write, in their order: those too that were rolled back or are repeated. */
  readonly writes: readonly (readonly T[])[]
  /** All of them one after the other. */
  readonly items: () => readonly T[]
}

/** Writes nowhere, and so promises only `at-least-once`: for what was committed and nothing else take a `memoryTable`. */
export function recordingWriter<T>(): RecordingWriter<T> {
  const writes: (readonly T[])[] = []
  return {
    kind: 'recording',
    description: 'what a test looks at',
    guarantee: 'at-least-once',
    open: async () => ({
      write: async (items) => void writes.push([...items]),
      close: async () => {},
    }),
    writes,
    items: () => writes.flat(),
  }
}
