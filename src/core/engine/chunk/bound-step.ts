/** A chunk step whose callbacks are handed something besides their scope. */
import type { StepScope } from '../../definition/callback-scope.ts'
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'

/** Reader, processor and writer get it; listeners have no scope of the step. */
export function boundStep(step: ChunkStepDefinition, more: object): ChunkStepDefinition {
  const { processor } = step
  const bound = boundScope(more)
  return {
    ...step,
    reader: (scope) => step.reader(bound(scope)),
    processor: processor && ((item, scope) => processor(item, bound(scope))),
    writer: (scope) => step.writer(bound(scope)),
  }
}

/** One copy for each scope: the processor is called for every item. */
export function boundScope(more: object): (scope: StepScope<unknown>) => StepScope<unknown> {
  let last: { readonly of: StepScope<unknown>; readonly bound: StepScope<unknown> } | undefined
  return (scope) => {
    if (last?.of !== scope) last = { of: scope, bound: { ...scope, ...more } }
    return last.bound
  }
}
