/** What the in-memory repository remembers of events. */
import { randomUUID } from 'node:crypto'
import type { BatchEvent } from '../../core/model/batch-event.ts'

export interface MemoryEvents {
  /** Tells the cursors of this memory from those of others. */
  readonly memoryId: string
  /** In the order of their ids. */
  readonly list: BatchEvent[]
  lastId: number
}

export function memoryEvents(): MemoryEvents {
  return { memoryId: randomUUID(), list: [], lastId: 0 }
}
