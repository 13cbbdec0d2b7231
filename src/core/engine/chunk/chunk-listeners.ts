/** Calls the chunk listeners. An error in `beforeChunk` fails the chunk before it is written; any other is logged. */
import type { ChunkStepListener } from '../../definition/step-definition.ts'
import type { ChunkView } from '../../ports/listeners.ts'
import { attempt } from '../first-error.ts'
import type { StepRun } from '../step-run.ts'

type ChunkEvent = 'beforeChunk' | 'afterChunk' | 'onChunkError'

export async function callChunkListeners(
  run: StepRun,
  listeners: readonly ChunkStepListener<unknown, unknown>[],
  event: ChunkEvent,
  { items, outputs }: ChunkView<unknown, unknown>,
  error?: unknown,
): Promise<void> {
  const scope = { signal: run.scope.signal, logger: run.scope.logger }
  const view = { items, outputs }
  for (const listener of listeners) {
    switch (event) {
      case 'beforeChunk':
        await listener.beforeChunk?.(view, scope)
        break
      case 'afterChunk':
        await attempt('afterChunk', scope.logger, () => listener.afterChunk?.(view, scope))
        break
      case 'onChunkError':
        await attempt('onChunkError', scope.logger, () => listener.onChunkError?.(error, view, scope))
        break
      default:
        event satisfies never
    }
  }
}
