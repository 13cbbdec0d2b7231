/** How a process that a command forks finds the command's project again: it has the same environment. */
import type { WorkerModule } from '../workers/module-place.ts'
import type { CommandContext } from './command-context.ts'

export type ProjectOrder = Pick<CommandContext, 'options' | 'cwd'>

/** @param open the function in `forked-batch.ts` that makes its batch */
export function forkedModule(
  { options, cwd }: CommandContext,
  open: 'openWorkerBatch' | 'openPoolBatch',
): WorkerModule {
  const order: ProjectOrder = { options, cwd }
  return { module: new URL('./forked-batch.js', import.meta.url), export: open, argument: order }
}
