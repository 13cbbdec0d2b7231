/** A step that runs another job: launch it, wait for its end, end likewise. */
import type { JobStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { CHILD_JOB_KEY } from '../../model/execution-context.ts'
import { type ExitStatus, exitStatus } from '../../model/exit-status.ts'
import type { JobParameters } from '../../model/job-parameters.ts'
import type { JsonValue } from '../../model/json-value.ts'
import type { ChildLauncher, ChildRun } from '../child-launcher.ts'
import { settle } from '../first-error.ts'
import type { RunControl } from '../run-control.ts'
import type { RunOutcome } from '../run-outcome.ts'
import type { StepEnding } from '../step-execution-runner.ts'
import type { StepRun } from '../step-run.ts'
import { observeChild } from './observe-child.ts'

/**
 * The child's parameters are committed before it is launched, so that a restart goes on with the same instance. A stop or an
 * abort of this job is passed on to it; one that stopped by itself stops this job too.
 * @throws BatchError JOB_STEP_FAILED, what the launch throws
 */
export async function runJobStep(
  run: StepRun,
  { job, options }: JobStepDefinition,
  launcher: ChildLauncher | undefined,
): Promise<StepEnding> {
  if (launcher === undefined) throw cannotLaunch(run)
  const known = run.ledger.context()[CHILD_JOB_KEY] as { readonly parameters: JobParameters } | undefined
  const parameters = known?.parameters ?? (await launcher.record(job, options.parameters(run.scope)))
  if (known === undefined) await commitChild(run, { parameters })
  const launched = await launcher.launch(job, parameters, {
    observer: observeChild(run),
    acceptChanges: run.acceptChanges,
    ...run.scope.jobExecution.launch,
    ...(run.span && { traceContext: run.span.context() }),
  })
  const recordChild = () => commitChild(run, { parameters, jobExecutionId: launched.jobExecutionId })
  if (launched.kind === 'complete') {
    await recordChild()
    return completed(launched.exitStatus)
  }
  const begin = async () => {
    await recordChild()
    await run.session.rest?.()
  }
  return endingOf(run, job.name, await followed(run.control, launched.run, begin))
}

async function commitChild(
  run: StepRun,
  child: { readonly parameters: JobParameters; readonly jobExecutionId?: string },
): Promise<void> {
  const value = child as unknown as Exclude<JsonValue, null>
  const step = { ...run.ledger.context(), ...run.scope.stepContext.values(), [CHILD_JOB_KEY]: value }
  await run.session.commit({
    pipelined: false,
    work: async () => {},
    progress: () => ({ counts: run.ledger.counts(), executionContext: step }),
  })
  run.ledger.committed({}, { step, job: run.scope.jobContext.values() })
}

/** Where `begin` fails, nobody would wait for the child: it is ended first, or it would run on beside a restart of this job. */
async function followed(
  { stop, abort }: RunControl,
  child: ChildRun,
  begin: () => Promise<void>,
): Promise<RunOutcome> {
  const ending = new AbortController()
  const once = { once: true, signal: ending.signal }
  const passStop = () => child.stop(reasonOf(stop).message)
  const passAbort = () => child.abort(reasonOf(abort))
  if (abort.aborted) passAbort()
  else if (stop.aborted) passStop()
  stop.addEventListener('abort', passStop, once)
  abort.addEventListener('abort', passAbort, once)
  try {
    const begun = await settle(begin)
    if ('value' in begun) return await child.ended
    child.abort(new Error('the step that runs this job has failed'))
    await settle(() => child.ended)
    throw begun.error
  } finally {
    ending.abort()
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

function endingOf(run: StepRun, jobName: string, { execution, error }: RunOutcome): StepEnding {
  const { id, status, exitStatus: own } = execution
  if (status === 'COMPLETED') return completed(own)
  if (status === 'STOPPED')
    return { status, exitStatus: exitStatus('STOPPED', `job ${jobName} was stopped: ${own.exitDescription}`) }
  throw new BatchError(
    'JOB_STEP_FAILED',
    `Job ${jobName}, which step ${run.stepName} runs, has failed in execution ${id}. A restart goes on where it failed.`,
    { details: { stepName: run.stepName, jobName, jobExecutionId: id }, cause: error ?? own.exitDescription },
  )
}

/** A job in which nothing was left to do has completed as well as any other. */
function completed(own: ExitStatus): StepEnding {
  return { status: 'COMPLETED', exitStatus: own.exitCode === 'NOOP' ? exitStatus('COMPLETED') : own }
}

function cannotLaunch({ stepName }: StepRun): BatchError {
  return new BatchError(
    'INVALID_CONFIGURATION',
    `Step ${stepName} runs another job, and nothing is there to launch it: start this job through an operator.`,
    { details: { stepName } },
  )
}
