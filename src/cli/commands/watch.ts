/** `batchwright watch <executionId>` */
import type { Batch } from '../../create-batch.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { executionReport } from '../execution-report.ts'
import { exitCodeOfRecord, WAIT_RAN_OUT } from '../../core/operator/exit-code.ts'
import { watchInterruption } from '../interruption.ts'
import { executionDetailsJson } from '../../json/execution-json.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { type ProgressMode, showProgress } from '../show-progress.ts'

export interface WatchOptions {
  readonly progress: ProgressMode
}

/** The jobs are needed for exit codes of their own and the number of steps only; without them the record is enough. */
export async function watch(
  context: CommandContext,
  jobExecutionId: string,
  { progress: mode }: WatchOptions,
): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  const jobs = project.namesJobs ? await project.jobs() : []
  using interruption = watchInterruption()
  const { signal } = interruption
  const toEnd = async ({ operator }: Batch) => {
    using progress = showProgress(mode, output, context.environment)
    return await operator.waitForEnd(jobExecutionId, { signal, observer: progress.observer })
  }
  try {
    const ended = await withBatch(context, project, jobs, toEnd, signal)
    const job = jobs.find(({ name }) => name === ended.jobInstance.jobName)
    return printEnd(context, ended, exitCodeOfRecord(job, ended))
  } catch (error) {
    if (error !== signal.reason) throw error
    output.tell(`${(signal.reason as Error).message}; to watch on: batchwright watch ${jobExecutionId}`)
    return WAIT_RAN_OUT
  }
}

function printEnd(
  { output, options }: CommandContext,
  execution: JobExecutionDetails,
  processExitCode: number,
): number {
  if (output.json) {
    output.result(jsonLine({ ...executionDetailsJson(execution), processExitCode }))
    return processExitCode
  }
  for (const line of executionReport(execution, [])) output.result(line)
  if (execution.status === 'FAILED')
    for (const line of reasonLines(execution, options.verbose === true)) output.tell(line)
  return processExitCode
}

/** The messages that are on record; the stack behind them only where it is asked for. */
function reasonLines({ exitStatus }: JobExecutionDetails, withStack: boolean): readonly string[] {
  const lines = exitStatus.exitDescription.split('\n').filter((line) => withStack || !/^\s+at /.test(line))
  return ['', ...lines]
}
