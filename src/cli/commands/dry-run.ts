/** `batchwright run <job> [k=v …] --dry-run [--sample N]` */
import type { Batch } from '../../create-batch.ts'
import type { DryRunReport } from '../../core/operator/dry-run/dry-run-report.ts'
import type { JobOperator } from '../../core/operator/job-operator.ts'
import type { CommandContext } from '../command-context.ts'
import { dryRunLines } from '../dry-run-lines.ts'
import { STOPPED } from '../../core/operator/exit-code.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { givenJob } from '../given-job.ts'
import { type ProgressMode, showProgress } from '../show-progress.ts'
import { watchSignals } from '../signals.ts'

export interface DryRunCommandOptions {
  readonly params?: string
  readonly sample?: number
  readonly progress: ProgressMode
}

const WOULD_FAIL = 1

/**
 * 0 if nothing would fail, else 1. The first signal ends it with the open chunk; what was seen by then is reported, and the
 * exit code is 3 if nothing had failed.
 */
export async function dryRun(
  context: CommandContext,
  jobName: string,
  words: readonly string[],
  options: DryRunCommandOptions,
): Promise<number> {
  const { output } = context
  const { project, jobs, texts } = await givenJob(context, jobName, { words, file: options.params })
  using signals = watchSignals(output.tell, Infinity)
  const rehearse = ({ operator }: Batch) => {
    signals.direct({ stop: () => {}, abort: () => {} })
    return watched(context, operator, jobName, texts, options, signals.stop)
  }
  try {
    const report = await withBatch(context, project, jobs, rehearse, signals.stop)
    const exitCode = exitCodeOf(report)
    if (output.json) output.result(jsonLine({ ...report, processExitCode: exitCode }))
    else for (const line of dryRunLines(report)) output.result(line)
    return exitCode
  } catch (error) {
    if (error !== signals.stop.reason) throw error
    output.tell('stopped before anything was tried')
    return STOPPED
  }
}

async function watched(
  { output, environment }: CommandContext,
  operator: JobOperator,
  jobName: string,
  texts: Readonly<Record<string, string>>,
  { sample, progress: mode }: DryRunCommandOptions,
  signal: AbortSignal,
): Promise<DryRunReport> {
  using progress = showProgress(mode, output, environment)
  const { observer } = progress
  return await operator.dryRun(jobName, texts, {
    observer,
    signal,
    ...(sample === undefined ? {} : { sample }),
  })
}

function exitCodeOf({ wouldFail, stopped }: DryRunReport): number {
  if (wouldFail) return WOULD_FAIL
  return stopped ? STOPPED : 0
}
