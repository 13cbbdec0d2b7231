/** Looks at items as they pass. */
import type { StepScope } from '../core/definition/callback-scope.ts'
import type { Processor } from '../core/definition/step-definition.ts'
import { isPromise } from '../core/model/is-promise.ts'

/**
 * Hands each item on as it is, after `look` has seen it. What `look` throws is the processor's failure. It sees an item
 * again when the item is processed again, as after a restart.
 */
export function peek<I, P = unknown>(
  look: (item: I, scope: StepScope<P>) => void | Promise<void>,
): Processor<P, I, I> {
  return (item, scope) => {
    const seen = look(item, scope)
    return isPromise(seen) ? seen.then(() => item) : item
  }
}
