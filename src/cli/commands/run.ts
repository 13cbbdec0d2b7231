/** `batchwright run <job> [k=v …]` */
import { convertTexts, parseParameterTexts } from '../../core/definition/parse-parameters.ts'
import { isBatchError } from '../../core/model/batch-error.ts'
import type { JobOperator, StartedJob } from '../../core/operator/job-operator.ts'
import type { CommandContext } from '../command-context.ts'
import { givenJob } from '../given-job.ts'
import { type Launch, runToEnd } from '../run-to-end.ts'
import type { ProgressMode } from '../show-progress.ts'

export interface RunOptions {
  readonly params?: string
  /** What a complete instance is: an error, or the answer. */
  readonly onExisting: 'reject' | 'return'
  readonly next?: boolean
  /** What the scheduler that has started this process calls itself. */
  readonly trigger?: string
  /** In seconds. */
  readonly grace: number
  readonly progress: ProgressMode
}

export async function run(
  context: CommandContext,
  jobName: string,
  words: readonly string[],
  options: RunOptions,
): Promise<number> {
  // What is missing of the next instance's comes from the last one, which only the database knows.
  const judge = options.next === true ? convertTexts : parseParameterTexts
  const { project, jobs, texts } = await givenJob(context, jobName, { words, file: options.params, judge })
  return runToEnd(context, {
    project,
    jobs,
    grace: options.grace,
    progress: options.progress,
    ...(options.trigger === undefined ? {} : { trigger: { type: 'external', name: options.trigger } }),
    launch: (operator, startOptions) => {
      if (options.next === true) return operator.startNextByName(jobName, texts, startOptions)
      const starting = operator.startByName(jobName, texts, startOptions)
      return options.onExisting === 'return' ? orComplete(operator, starting) : starting
    },
  })
}

/** A refusal because the work is done becomes the execution that did it. */
async function orComplete(operator: JobOperator, starting: Promise<StartedJob>): Promise<Launch> {
  try {
    return await starting
  } catch (error) {
    if (!isBatchError(error, 'JOB_INSTANCE_ALREADY_COMPLETE')) throw error
    const { jobExecutionId } = error.details as { readonly jobExecutionId: string }
    return { alreadyComplete: await operator.findJobExecution(jobExecutionId) }
  }
}
