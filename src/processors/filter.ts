/** Keeps some items and drops the others. */
import type { StepScope } from '../core/definition/callback-scope.ts'
import type { Processor } from '../core/definition/step-definition.ts'
import { FILTERED } from '../core/model/filtered.ts'
import { isPromise } from '../core/model/is-promise.ts'

/**
 * Items for which `keep` answers true are handed on, as by an array's `filter`; Spring's FilteringItemProcessor drops
 * those. The others count as filtered. A type guard narrows the item.
 */
export function filter<I, O extends I, P = unknown>(keep: (item: I) => item is O): Processor<P, I, O>
export function filter<I, P = unknown>(
  keep: (item: I, scope: StepScope<P>) => boolean | Promise<boolean>,
): Processor<P, I, I>
export function filter<I>(
  keep: (item: I, scope: StepScope<unknown>) => boolean | Promise<boolean>,
): Processor<unknown, I, I> {
  return (item, scope) => {
    const kept = keep(item, scope)
    if (isPromise(kept)) return kept.then((yes) => (yes ? item : FILTERED))
    return kept ? item : FILTERED
  }
}
