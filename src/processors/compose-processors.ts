/** Several processors as one. */
import type { StepScope } from '../core/definition/callback-scope.ts'
import type { Processor } from '../core/definition/step-definition.ts'
import { FILTERED, type Filtered } from '../core/model/filtered.ts'
import { isPromise } from '../core/model/is-promise.ts'

/**
 * Each processor gets what the one before it returned; an item that one of them filters reaches none behind it. A chain
 * of synchronous processors is synchronous.
 */
export function composeProcessors<P, A, B>(first: Processor<P, A, B>): Processor<P, A, B>
export function composeProcessors<P, A, B, C>(
  first: Processor<P, A, B>,
  second: Processor<P, NoInfer<B>, C>,
): Processor<P, A, C>
export function composeProcessors<P, A, B, C, D>(
  first: Processor<P, A, B>,
  second: Processor<P, NoInfer<B>, C>,
  third: Processor<P, NoInfer<C>, D>,
): Processor<P, A, D>
export function composeProcessors<P, A, B, C, D, E>(
  first: Processor<P, A, B>,
  second: Processor<P, NoInfer<B>, C>,
  third: Processor<P, NoInfer<C>, D>,
  fourth: Processor<P, NoInfer<D>, E>,
): Processor<P, A, E>
export function composeProcessors<P, A, B, C, D, E, F>(
  first: Processor<P, A, B>,
  second: Processor<P, NoInfer<B>, C>,
  third: Processor<P, NoInfer<C>, D>,
  fourth: Processor<P, NoInfer<D>, E>,
  fifth: Processor<P, NoInfer<E>, F>,
): Processor<P, A, F>
export function composeProcessors(
  ...processors: readonly Processor<unknown, never, unknown>[]
): Processor<unknown, unknown, unknown> {
  const chain = processors as readonly Processor<unknown, unknown, unknown>[]
  return (item, scope) => processFrom(chain, 0, item, scope)
}

function processFrom(
  chain: readonly Processor<unknown, unknown, unknown>[],
  begin: number,
  item: unknown,
  scope: StepScope<unknown>,
): unknown {
  let output: unknown = item
  for (let index = begin; index < chain.length; index += 1) {
    output = chain[index]?.(output, scope)
    if (isPromise(output))
      return output.then((one) => (isFiltered(one) ? one : processFrom(chain, index + 1, one, scope)))
    if (isFiltered(output)) return output
  }
  return output
}

function isFiltered(output: unknown): output is Filtered {
  return output === FILTERED
}
