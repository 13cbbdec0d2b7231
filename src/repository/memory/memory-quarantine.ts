/** What the in-memory repository remembers of skipped items, and of the batches in which they are redriven. */
import { cutText } from '../../core/model/error-description.ts'
import { EXIT_DESCRIPTION_LIMIT } from '../../core/model/exit-status.ts'
import type { QuarantinedItem, QuarantinedPayload } from '../../core/model/quarantined-item.ts'
import type { RedrivenEntries } from '../../core/ports/step-session.ts'

export interface MemoryQuarantine {
  /** In the order of their ids, which begin with 1. */
  readonly entries: MemoryEntry[]
  readonly batches: MemoryBatch[]
  lastEntryId: number
  lastBatchId: number
}

export interface MemoryEntry {
  readonly id: number
  readonly jobExecutionId: string
  readonly stepExecutionId: string
  readonly stepName: string
  readonly item: QuarantinedItem
  readonly quarantinedAt: Date
  batchId: string | null
  redriven: { readonly at: Date; readonly by: string } | null
}

export interface MemoryBatch {
  readonly id: string
  readonly originJobExecutionId: string
  /** Null where that instance was purged. */
  redriveJobInstanceId: string | null
  readonly createdAt: Date
}

export interface AtStep {
  readonly jobExecutionId: string
  readonly stepExecutionId: string
  readonly stepName: string
  readonly at: Date
}

/** Texts are cut as in Postgres. */
export function addToQuarantine(
  quarantine: MemoryQuarantine,
  { at: quarantinedAt, ...step }: AtStep,
  items: readonly QuarantinedItem[],
): void {
  for (const item of items) {
    const { type, message } = item.error
    const error = { type: cutText(type, 200), message: cutText(message, EXIT_DESCRIPTION_LIMIT) }
    const kept = { ...item, payload: keptPayload(item.payload), position: { ...item.position }, error }
    quarantine.lastEntryId += 1
    quarantine.entries.push({
      ...step,
      id: quarantine.lastEntryId,
      item: kept,
      quarantinedAt,
      batchId: null,
      redriven: null,
    })
  }
}

function keptPayload(payload: QuarantinedPayload): QuarantinedPayload {
  return payload.kind === 'cut'
    ? { ...payload, reason: cutText(payload.reason, EXIT_DESCRIPTION_LIMIT) }
    : { ...payload }
}

export function markRedriven(
  { entries }: MemoryQuarantine,
  { jobExecutionId: by, stepName, at }: AtStep,
  { batchId, upTo }: RedrivenEntries,
): void {
  for (const entry of entries) {
    if (entry.batchId !== batchId || entry.stepName !== stepName || entry.id > Number(upTo)) continue
    entry.redriven ??= { at, by }
  }
}
