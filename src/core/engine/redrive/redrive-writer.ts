/** The writer of a step whose items are redriven. */
import type { StepScope } from '../../definition/callback-scope.ts'
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import type { ItemWriter } from '../../ports/item-writer.ts'

/** @throws BatchError REDRIVE_REFUSED where it would replace what the origin has published. */
export function redriveWriter(
  stepName: string,
  step: ChunkStepDefinition,
  scope: StepScope<unknown>,
): ItemWriter<unknown> {
  const writer = step.writer(scope)
  const obstacle = writerObstacle(step, scope, writer)
  if (obstacle === undefined) return writer
  throw new BatchError('REDRIVE_REFUSED', `The items of step ${stepName} cannot be redriven: ${obstacle}.`, {
    details: { stepName, publishes: writer.publishes },
  })
}

/** In words; undefined where the writer may be used. The origin's writer is made, and not opened, to be compared. */
export function writerObstacle(
  step: ChunkStepDefinition,
  scope: StepScope<unknown>,
  writer: ItemWriter<unknown> = step.writer(scope),
): string | undefined {
  if (writer.publishes === undefined) return undefined
  const { redrive: _, ...originScope } = scope
  if (step.writer(originScope).publishes !== writer.publishes) return undefined
  return `it would replace ${writer.publishes}; let the writer publish elsewhere where its scope has \`redrive\``
}
