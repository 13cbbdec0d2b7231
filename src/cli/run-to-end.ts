/** Starts an execution in this process and stays with it to its end. */
import type { AnyJob, Batch } from '../create-batch.ts'
import type { RunOutcome } from '../core/engine/run-outcome.ts'
import { isBatchError } from '../core/model/batch-error.ts'
import { redriveBatchOf } from '../core/model/framework-parameters.ts'
import type { JobExecution, JobExecutionDetails } from '../core/model/job-execution.ts'
import type { Trigger } from '../core/model/launch-facts.ts'
import type { JobOperator, StartedJob, StartOptions } from '../core/operator/job-operator.ts'
import type { CommandContext } from './command-context.ts'
import { executionReport } from './execution-report.ts'
import { exitCodeOfOutcome, STOPPED } from '../core/operator/exit-code.ts'
import type { Project } from './find-project.ts'
import { executionDetailsJson } from '../json/execution-json.ts'
import { jsonLine } from '../json/json-line.ts'
import { withBatch } from './open-batch.ts'
import { failureLines } from './print-error.ts'
import { countText } from './quantity-text.ts'
import type { Output } from './output.ts'
import { skipCount } from '../core/model/step-execution.ts'
import { type ProgressMode, showProgress } from './show-progress.ts'
import { type SignalWatch, watchSignals } from './signals.ts'
import { type UnhandledErrors, watchUnhandledErrors } from './unhandled-errors.ts'

export interface RunPlan {
  readonly project: Project
  readonly jobs: readonly AnyJob[]
  /** Seconds that the open chunk may take after a signal. */
  readonly grace: number
  readonly progress: ProgressMode
  /** @default the command line */
  readonly trigger?: Trigger
  readonly launch: (operator: JobOperator, options: StartOptions, batch: Batch) => Promise<Launch>
}

const COMMAND: Trigger = { type: 'command', name: null }

/** A run, or the execution because of which there is nothing to run. */
export type Launch = StartedJob | { readonly alreadyComplete: JobExecutionDetails }

/** Answers with the exit code. */
export async function runToEnd(context: CommandContext, plan: RunPlan): Promise<number> {
  const { output } = context
  using signals = watchSignals(output.tell, plan.grace)
  const unhandled = watchUnhandledErrors(output.tell)
  const work = (batch: Batch) => runWith(context, plan, batch, { signals, unhandled })
  try {
    return await withBatch(context, plan.project, plan.jobs, work, signals.stop)
  } catch (error) {
    if (error !== signals.stop.reason) throw error
    output.tell('stopped before anything was started')
    return STOPPED
  }
}

interface Watches {
  readonly signals: SignalWatch
  readonly unhandled: UnhandledErrors
}

async function runWith(
  context: CommandContext,
  plan: RunPlan,
  batch: Batch,
  { signals, unhandled }: Watches,
): Promise<number> {
  const { output, environment } = context
  signals.stop.throwIfAborted()
  using progress = showProgress(plan.progress, output, environment)
  const { trigger = COMMAND } = plan
  const options: StartOptions = { observer: progress.observer, trigger, runner: 'command' }
  const started = await plan.launch(batch.operator, options, batch)
  if ('alreadyComplete' in started) return printAlreadyComplete(output, started.alreadyComplete)
  signals.direct(started)
  unhandled.giveUp(started)
  if (started.restartOf !== null) output.tell(`continues execution ${started.restartOf}`)
  if (started.leftBehind !== null) output.tell(leftBehindText(started.leftBehind))
  const outcome = await started.ended
  progress[Symbol.dispose]()
  const notes = output.json ? [] : await launchNotes(batch.operator, started)
  const job = batch.operator.findJob(outcome.execution.jobInstance.jobName)
  const exitCode = endCode(job, outcome, signals)
  printEnd(context, started, outcome, notes, exitCode)
  if (!output.json && canResume(job, outcome)) {
    output.tell(`To resume: batchwright restart ${outcome.execution.id}`)
  }
  return exitCode
}

function leftBehindText({ id, status }: JobExecution): string {
  return (
    `warning: execution ${id} of the instance before is ${status}, and is not continued by this one; ` +
    `batchwright restart ${id}, or abandon it`
  )
}

/** Not where a restart would be refused for the same reason. */
function canResume(job: AnyJob, { execution, error }: RunOutcome): boolean {
  // A redrive can be restarted whatever its job is.
  const isRestartable = job.restartable || redriveBatchOf(execution) !== undefined
  if (execution.status !== 'FAILED' || !isRestartable) return false
  return !isBatchError(error, 'START_LIMIT_EXCEEDED') && !isBatchError(error, 'JOB_RESTART_REFUSED')
}

function printAlreadyComplete(output: Output, execution: JobExecutionDetails): number {
  const note = 'the work was done before, by this execution; nothing was started'
  if (output.json)
    output.result(jsonLine({ ...executionDetailsJson(execution), alreadyComplete: true, processExitCode: 0 }))
  else for (const line of executionReport(execution, [note])) output.result(line)
  return 0
}

/** A run that was given up, but whose last chunk was already in, has ended as it has ended. */
function endCode(job: AnyJob, outcome: RunOutcome, signals: SignalWatch): number {
  const { status } = outcome.execution
  return status === 'COMPLETED' || status === 'STOPPED'
    ? exitCodeOfOutcome(job, outcome)
    : (signals.givenUp() ?? exitCodeOfOutcome(job, outcome))
}

async function launchNotes(operator: JobOperator, started: StartedJob): Promise<readonly string[]> {
  const { restartOf, recovered } = started
  const notes: string[] = []
  if (recovered !== null)
    notes.push(
      `closed execution ${recovered} as FAILED, for its process had died, or was silent for a whole lease`,
    )
  if (restartOf === null) return notes
  const before = await operator.findJobExecution(restartOf)
  return [
    ...notes,
    `continues execution ${restartOf}, which committed ${countText(committedItems(before))} items`,
  ]
}

function committedItems({ stepExecutions }: JobExecutionDetails): number {
  return stepExecutions.reduce((sum, { readCount }) => sum + readCount, 0)
}

function printEnd(
  { output, options }: CommandContext,
  { restartOf, recovered, leftBehind }: StartedJob,
  { execution, error }: RunOutcome,
  notes: readonly string[],
  processExitCode: number,
): void {
  if (output.json) {
    output.result(
      jsonLine({
        ...executionDetailsJson(execution),
        restartOf,
        recovered,
        leftBehind: leftBehind?.id ?? null,
        processExitCode,
      }),
    )
    return
  }
  for (const line of executionReport(execution, notes)) output.result(line)
  const skipped = execution.stepExecutions.reduce((sum, step) => sum + skipCount(step), 0)
  if (skipped > 0)
    output.tell(`${countText(skipped)} skipped: batchwright quarantine list --execution ${execution.id}`)
  if (execution.status !== 'FAILED') return
  const lines = failureLines(error, options.verbose === true ? 'verbose' : 'brief')
  for (const line of ['', ...lines]) output.tell(line)
}
