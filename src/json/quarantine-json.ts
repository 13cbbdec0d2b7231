/** Quarantined items, and what of them belongs to an execution. */
import type { QuarantineEntry } from '../core/model/quarantined-item.ts'
import type { ExecutionQuarantine } from '../core/operator/quarantine-operations.ts'
import type { Json } from './execution-json.ts'

export function entryJson(entry: QuarantineEntry): Json {
  const { id, ...rest } = entry
  return { quarantineId: id, ...rest, payload: payloadJson(entry) }
}

function payloadJson({ payload }: QuarantineEntry): Json {
  return payload.kind === 'item'
    ? { kind: 'item', value: JSON.parse(payload.json) as unknown }
    : { ...payload }
}

export function quarantineJson({ items, redrives, redriveOf }: ExecutionQuarantine): Json {
  return { items, redrives, redriveOf: redriveOf ?? null }
}
