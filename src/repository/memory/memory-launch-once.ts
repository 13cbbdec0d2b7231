/** A launch with a key in memory. */
import { keyReused } from '../../core/model/launch-key.ts'
import type { KeyedLaunch, LaunchKey, LaunchRequest, NextLaunchRequest } from '../../core/ports/launch.ts'
import { KeyKnown, launch } from './memory-launch.ts'
import { launchNext } from './memory-launch-next.ts'
import { executionsOf, type MemoryState, snapshot, type StoredExecution } from './memory-state.ts'

/** Whether the key is known is asked where the execution is inserted, so that nothing comes in between. */
export async function launchOnce(
  state: MemoryState,
  request: LaunchRequest | NextLaunchRequest,
  key: LaunchKey,
): Promise<KeyedLaunch> {
  try {
    const keyed = { ...request, key }
    const launched = 'next' in keyed ? await launchNext(state, keyed) : launch(state, keyed)
    return { outcome: 'launched', launched }
  } catch (error) {
    if (!(error instanceof KeyKnown)) throw error
    return replayed(state, error.stored, key)
  }
}

/** @throws BatchError IDEMPOTENCY_KEY_REUSED */
function replayed(state: MemoryState, stored: StoredExecution, { key, requestHash }: LaunchKey): KeyedLaunch {
  const execution = snapshot(state, stored)
  if (stored.key?.requestHash !== requestHash) throw keyReused(key, execution)
  const all = executionsOf(state, execution.jobInstance)
  const before = all[all.indexOf(stored) - 1]
  return { outcome: 'replayed', execution, restartOf: before?.execution.id ?? null }
}
