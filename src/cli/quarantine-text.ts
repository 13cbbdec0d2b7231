/** Quarantined items as text and as JSON. */
import type { EntryRedrive, QuarantineEntry } from '../core/model/quarantined-item.ts'
import { describePosition } from '../core/ports/item-reader.ts'
import type { QuarantineSelection } from '../core/ports/quarantine-store.ts'

export interface NarrowingOptions {
  readonly step?: string
  readonly phase?: 'read' | 'process' | 'write'
  readonly error?: string
}

export function selectionOf({ step, phase, error }: NarrowingOptions): QuarantineSelection {
  return {
    ...(step !== undefined && { stepName: step }),
    ...(phase !== undefined && { phase }),
    ...(error !== undefined && { errorType: error }),
  }
}

/** `trades.csv line 812` */
export function placeText({ position }: QuarantineEntry): string {
  return Object.keys(position).length === 0 ? '' : describePosition(position)
}

/** Empty for one that waits; `cut` for one that waits in vain. */
export function stateText({ payload, redrive }: QuarantineEntry): string {
  if (redrive !== null && redrive.state !== 'given-back') return redriveText(redrive)
  return payload.kind === 'cut' ? 'cut' : ''
}

function redriveText({ state, jobExecutionId, again }: EntryRedrive): string {
  if (state === 'held') return `in redrive ${jobExecutionId}`
  return again === null ? `redriven by ${jobExecutionId}` : `redriven by ${jobExecutionId}, again as ${again}`
}
