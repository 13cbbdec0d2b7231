/** `batchwright restart <executionId>` */
import { type CommandContext, projectOf } from '../command-context.ts'
import { runToEnd } from '../run-to-end.ts'
import type { ProgressMode } from '../show-progress.ts'

export interface RestartOptions {
  readonly acceptChanges?: boolean
  readonly progress: ProgressMode
}

export async function restart(
  context: CommandContext,
  jobExecutionId: string,
  { acceptChanges = false, progress }: RestartOptions,
): Promise<number> {
  const project = await projectOf(context)
  return runToEnd(context, {
    project,
    jobs: await project.jobs(),
    progress,
    launch: (operator, startOptions) => operator.restart(jobExecutionId, { ...startOptions, acceptChanges }),
  })
}
