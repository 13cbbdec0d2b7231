/** `batchwright __jobs`: for completion scripts, and so without a word on what is wrong. */
import { type CommandContext, projectOf } from '../command-context.ts'

/** One name a line. Definitions are not checked: one with a fault can be completed all the same. */
export async function jobNames(context: CommandContext): Promise<number> {
  const project = await projectOf(context)
  const jobs = project.namesJobs ? await project.jobs() : []
  for (const { name } of jobs) context.output.result(name)
  return 0
}
