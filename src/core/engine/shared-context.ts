/** The job's execution context while steps run side by side: each works on its own draft, and what it changed is merged when it ends. */
import type { ExecutionContext } from '../model/execution-context.ts'

export interface SharedContext {
  /** What has been merged so far. */
  readonly values: () => ExecutionContext
  /**
   * Merges the keys in which `to` differs from `from`, on which the step's draft was based. With `write` one merge waits
   * for the other, and takes effect when `write` has stored the whole: a step that ends never undoes what another has
   * stored, and what could not be stored is not seen by anybody.
   */
  readonly merge: (
    changes: { readonly from: ExecutionContext; readonly to: ExecutionContext },
    write?: (whole: ExecutionContext) => Promise<void>,
  ) => Promise<void>
}

export function createSharedContext(from: ExecutionContext): SharedContext {
  let shared = from
  let turn: Promise<unknown> = Promise.resolve()
  const mergeNow: SharedContext['merge'] = async (changes, write) => {
    await write?.(withChanges(shared, changes))
    shared = withChanges(shared, changes)
  }
  return {
    values: () => shared,
    merge: (changes, write) => {
      const merged = turn.then(() => mergeNow(changes, write))
      turn = merged.catch(() => {})
      return merged
    },
  }
}

/** A draft keeps the values that it does not change, so identity tells what was set. */
function withChanges(
  shared: ExecutionContext,
  { from, to }: { readonly from: ExecutionContext; readonly to: ExecutionContext },
): ExecutionContext {
  const removed = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  const set = Object.entries(to).filter(([key, value]) => !Object.hasOwn(from, key) || from[key] !== value)
  const kept = Object.entries(shared).filter(([key]) => !removed.includes(key))
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) }
}
