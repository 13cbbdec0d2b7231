/** Where each of several writers stands, as one checkpoint. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint, JsonValue } from '../core/model/json-value.ts'
import type { ItemWriter } from '../core/ports/item-writer.ts'

/** A delegate at its last checkpoint. */
export interface DelegateStand {
  /** Items that it was given in committed chunks. */
  readonly items: number
  /** Undefined where it has no checkpoint, or was given nothing yet. */
  readonly at: Checkpoint | undefined
}

const FIRST_VERSION = 1

export function encodeStands(
  writers: ReadonlyMap<string, ItemWriter<unknown>>,
  stands: ReadonlyMap<string, DelegateStand>,
): Checkpoint {
  return Object.fromEntries(
    [...writers].map(([name, { kind, checkpointVersion = FIRST_VERSION }]) => {
      const { items, at } = stands.get(name) ?? NOWHERE
      return [name, { kind, version: checkpointVersion, items, ...(at === undefined ? {} : { at }) }]
    }),
  )
}

export const NOWHERE: DelegateStand = { items: 0, at: undefined }

/** @throws BatchError CHECKPOINT_REFUSED when it was made by other delegates */
export function decodeStands(
  description: string,
  writers: ReadonlyMap<string, ItemWriter<unknown>>,
  from: Checkpoint | undefined,
): ReadonlyMap<string, DelegateStand> {
  if (from === undefined) return new Map()
  const stored = new Map(Object.entries(from as Readonly<Record<string, Partial<StoredStand> | null>>))
  const fits =
    stored.size === writers.size &&
    [...writers].every(([name, { kind, checkpointVersion = FIRST_VERSION }]) => {
      const stand = stored.get(name)
      return stand?.kind === kind && stand.version === checkpointVersion && Number.isSafeInteger(stand.items)
    })
  if (!fits) throw otherDelegates(description, writers, from)
  return new Map([...stored].map(([name, stand]) => [name, { items: stand?.items ?? 0, at: stand?.at }]))
}

interface StoredStand {
  readonly kind: string
  readonly version: number
  readonly items: number
  readonly at: Checkpoint
}

function otherDelegates(
  description: string,
  writers: ReadonlyMap<string, ItemWriter<unknown>>,
  stored: JsonValue,
): BatchError {
  const now = [...writers].map(([name, { kind }]) => `${name} (${kind})`).join(', ')
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `${description} cannot resume: its writers are ${now}, and the checkpoint is of others. ` +
      'Restart it with the definition that began it, or start an instance with other parameters.',
    { details: { writers: [...writers.keys()], stored } },
  )
}
