/** An execution context that callbacks change and commits take snapshots of. */
import type { ContextDraft } from '../definition/callback-scope.ts'
import { BatchError } from '../model/batch-error.ts'
import {
  type ContextValue,
  type ExecutionContext,
  RESERVED_PREFIXES,
  type StoredContext,
} from '../model/execution-context.ts'

import { storableCopy } from './storable-value.ts'

/** A draft as its runner holds it; authors see the rest only. */
export interface OwnedDraft extends ContextDraft {
  /** Forgets what was changed by callbacks whose work was not committed. */
  readonly reset: (to: ExecutionContext) => void
}

/** `values()` is a snapshot: later changes do not touch it. */
export function createContextDraft(from: ExecutionContext): OwnedDraft {
  let snapshot = from
  const set = (key: string, value: ContextValue | undefined) => {
    if (RESERVED_PREFIXES.some((prefix) => key.startsWith(prefix))) throw reservedKey(key)
    const copy = value === undefined ? undefined : storableCopy(key, value)
    const { [key]: _, ...others } = snapshot
    snapshot = copy === undefined ? others : { ...others, [key]: copy }
  }
  return {
    get: (key) => (Object.hasOwn(snapshot, key) ? storableCopy(key, snapshot[key]) : undefined),
    set,
    values: () => snapshot,
    reset: (to) => {
      snapshot = to
    },
  }
}

/** The job's context as a partition sees it: others work beside it, perhaps in other processes. */
export function createFrozenDraft(from: ExecutionContext): OwnedDraft {
  const refuse = (key: string) => {
    throw new BatchError(
      'INVALID_JOB_DEFINITION',
      `A partition cannot set ${key} in the job's context, for others work beside it: set it in the step's context, and ` +
        'collect the values of all partitions in aggregate.',
      { details: { key } },
    )
  }
  return { ...createContextDraft(from), set: refuse }
}

/**
 * The values of a stored context that is to be continued.
 * @throws BatchError EXECUTION_CONTEXT_UNREADABLE for one in a form that only Java reads.
 */
export function readableValues(context: StoredContext, whose: string): ExecutionContext {
  if (context.kind === 'readable') return context.values
  throw new BatchError(
    'EXECUTION_CONTEXT_UNREADABLE',
    `The execution context of ${whose} is stored as ${context.form}, which cannot be continued here. ` +
      'Let Spring Batch finish it, or start an instance with other parameters.',
    { details: { whose, form: context.form } },
  )
}

function reservedKey(key: string): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `The context key ${key} begins with ${RESERVED_PREFIXES.join(' or ')}, which belong to the framework. Choose another name.`,
    { details: { key } },
  )
}
