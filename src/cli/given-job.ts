/** The job that a command is to run, and the parameters that it gives it. */
import { parseParameterTexts } from '../core/definition/parse-parameters.ts'
import { createJobRegistry } from '../core/operator/job-registry.ts'
import type { AnyJob } from '../create-batch.ts'
import { type CommandContext, projectOf } from './command-context.ts'
import type { Project } from './find-project.ts'
import { judgeParameters, readParameterTexts } from './parameter-texts.ts'

export interface GivenJob {
  readonly project: Project
  readonly jobs: readonly AnyJob[]
  readonly texts: Readonly<Record<string, string>>
}

type Judge = (...judged: Parameters<typeof parseParameterTexts>) => unknown

/**
 * The caller's mistakes are found before a database is opened.
 * @throws BatchError INVALID_CONFIGURATION, NO_SUCH_JOB, INVALID_JOB_PARAMETERS
 */
export async function givenJob(
  context: CommandContext,
  jobName: string,
  { words, file, judge = parseParameterTexts }: GivenWords,
): Promise<GivenJob> {
  const project = await projectOf(context)
  const jobs = await project.jobs()
  const job = createJobRegistry(jobs).find(jobName)
  const given = await readParameterTexts(words, file)
  const { texts } = given
  await judgeParameters(given, () => judge(jobName, job.parameters, texts))
  return { project, jobs, texts }
}

interface GivenWords {
  readonly words: readonly string[]
  readonly file: string | undefined
  /** @default parseParameterTexts */
  readonly judge?: Judge
}
