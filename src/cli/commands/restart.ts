/** `batchwright restart <executionId>` */
import { type CommandContext, projectOf } from '../command-context.ts'
import { runToEnd } from '../run-to-end.ts'
import type { ProgressMode } from '../show-progress.ts'

export async function restart(
  context: CommandContext,
  jobExecutionId: string,
  options: { readonly progress: ProgressMode },
): Promise<number> {
  const project = await projectOf(context)
  return runToEnd(context, {
    project,
    jobs: await project.jobs(),
    progress: options.progress,
    launch: (operator, startOptions) => operator.restart(jobExecutionId, startOptions),
  })
}
