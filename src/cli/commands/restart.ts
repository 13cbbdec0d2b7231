/** `batchwright restart <executionId> [k=v …]` */
import { type CommandContext, projectOf } from '../command-context.ts'
import { readParameterTexts } from '../parameter-texts.ts'
import { runToEnd } from '../run-to-end.ts'
import type { ProgressMode } from '../show-progress.ts'

export interface RestartOptions {
  readonly acceptChanges?: boolean
  /** In seconds. */
  readonly grace: number
  readonly progress: ProgressMode
}

export async function restart(
  context: CommandContext,
  jobExecutionId: string,
  words: readonly string[],
  { acceptChanges = false, grace, progress }: RestartOptions,
): Promise<number> {
  const { texts: parameters } = await readParameterTexts(words, undefined)
  const project = await projectOf(context)
  return runToEnd(context, {
    project,
    jobs: await project.jobs(),
    grace,
    progress,
    launch: (operator, startOptions) =>
      operator.restart(jobExecutionId, { ...startOptions, acceptChanges, parameters }),
  })
}
