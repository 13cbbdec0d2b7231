/** Writes a chunk: its items side by side, those with one key one after the other. */
import { itemsFailed } from '../../core/ports/items-failed.ts'
import { isWorthAnotherWrite } from '../cassandra-trouble.ts'
import type { ItemMutation, MutationMaker } from './item-mutation.ts'
import {
  failedLike,
  type Request,
  type SendFailure,
  sendAll,
  type Sending,
  waitedInVain,
} from './send-request.ts'

/** More in one batch gain nothing, and one that is refused is written again item by item. */
const BATCH_SIZE = 32

/**
 * The outcome is as if the items were written in their order. Settles when every write is acknowledged or has failed.
 * @throws itemsFailed for those that are not written; the signal's reason
 */
export async function writeChunk<T>(
  sending: Sending,
  make: MutationMaker<T>,
  items: readonly T[],
  inBatches: boolean,
): Promise<void> {
  const { mutations, failures: unfit } = makeAll(make, items)
  const failed: SendFailure[] = [...unfit]
  const unsettledRows = new Map<string, unknown>()
  let inVain: SendFailure | undefined
  for (const wave of wavesOf(mutations)) {
    if (inVain !== undefined) {
      failed.push(...failedLike(inVain, wave))
      continue
    }
    const blocked = wave.filter(({ row }) => unsettledRows.has(row))
    const free = blocked.length === 0 ? wave : wave.filter(({ row }) => !unsettledRows.has(row))
    // Written now, it would be overwritten by the earlier one when that is tried again.
    failed.push(...blocked.map(({ index, row }) => ({ index, error: unsettledRows.get(row) })))
    const requests = inBatches ? batchesOf(free) : free.map((one) => [one])
    const failures = await sendAll(sending, requests)
    inVain = waitedInVain(failures)
    failed.push(...failures)
    const unsettled = new Map(
      failures.filter(({ error }) => isWorthAnotherWrite(error)).map(({ index, error }) => [index, error]),
    )
    for (const { index, row } of free) if (unsettled.has(index)) unsettledRows.set(row, unsettled.get(index))
  }
  sending.signal.throwIfAborted()
  if (failed.length > 0) throw itemsFailed(failed.toSorted((one, other) => one.index - other.index))
}

function makeAll<T>(
  make: MutationMaker<T>,
  items: readonly T[],
): { readonly mutations: readonly ItemMutation[]; readonly failures: readonly SendFailure[] } {
  const mutations: ItemMutation[] = []
  const failures: SendFailure[] = []
  for (const [index, item] of items.entries()) {
    try {
      mutations.push(make(item, index))
    } catch (error) {
      failures.push({ index, error })
    }
  }
  return { mutations, failures }
}

/** Of several items with one key each goes into a wave of its own, in their order. Usually there is one wave. */
function wavesOf(mutations: readonly ItemMutation[]): readonly (readonly ItemMutation[])[] {
  const waves: ItemMutation[][] = []
  const seen = new Map<string, number>()
  for (const mutation of mutations) {
    const wave = seen.get(mutation.row) ?? 0
    seen.set(mutation.row, wave + 1)
    ;(waves[wave] ??= []).push(mutation)
  }
  return waves
}

function batchesOf(mutations: readonly ItemMutation[]): readonly Request[] {
  const open = new Map<string, ItemMutation[]>()
  const batches: ItemMutation[][] = []
  for (const mutation of mutations) {
    let batch = open.get(mutation.partition)
    if (batch === undefined || batch.length === BATCH_SIZE) {
      batch = []
      open.set(mutation.partition, batch)
      batches.push(batch)
    }
    batch.push(mutation)
  }
  return batches
}
