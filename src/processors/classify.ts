/** Chooses a processor for each item. */
import type { StepScope } from '../core/definition/callback-scope.ts'
import type { Processor } from '../core/definition/step-definition.ts'

/**
 * Hands each item to the processor of its class, and to `otherwise` where its class has none. Without `otherwise` every class
 * that `classOf` can answer must have a processor; the compiler checks that for literal types, and an item of a class
 * that it could not see fails, naming the class.
 */
export function classify<I, K extends string, O, P = unknown>(
  classOf: (item: I, scope: StepScope<P>) => K,
  processors: Readonly<Record<K, Processor<P, NoInfer<I>, O>>>,
): Processor<P, I, O>
export function classify<I, O, R = O, P = unknown>(
  classOf: (item: I, scope: StepScope<P>) => string,
  processors: Readonly<Record<string, Processor<P, NoInfer<I>, O>>>,
  otherwise: Processor<P, NoInfer<I>, R>,
): Processor<P, I, O | R>
export function classify<I, O>(
  classOf: (item: I, scope: StepScope<unknown>) => string,
  processors: Readonly<Record<string, Processor<unknown, I, O>>>,
  otherwise?: Processor<unknown, I, O>,
): Processor<unknown, I, O> {
  const byClass = new Map(Object.entries(processors))
  return (item, scope) => {
    const itemClass = classOf(item, scope)
    const processor = byClass.get(itemClass) ?? otherwise
    if (processor !== undefined) return processor(item, scope)
    throw new Error(
      `the item is of class ${JSON.stringify(itemClass)}, for which there is no processor: there are ` +
        `${[...byClass.keys()].join(', ')}, and no \`otherwise\``,
    )
  }
}
