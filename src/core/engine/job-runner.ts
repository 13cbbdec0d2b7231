/** One job execution from STARTING to its end. */
import { isBatchError } from '../model/batch-error.ts'
import { describeError } from '../model/error-description.ts'
import { combineExitStatus, exitStatus } from '../model/exit-status.ts'
import type { JobExecution, JobExecutionDetails } from '../model/job-execution.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { JobEnd } from '../ports/job-repository.ts'
import { readableValues } from './context-draft.ts'
import { attempt, settle } from './first-error.ts'
import type { JobRun, RunOutcome } from './job-run.ts'
import { keepLease } from './lease-keeper.ts'
import { heedStopRequest, stoppedExitStatus } from './run-control.ts'
import { runStep } from './step-runner.ts'

/**
 * Runs the steps in their order until one does not complete. The outcome says how it ended, also when it failed.
 * @throws BatchError LEASE_LOST when the execution belongs to somebody else by now, or REPOSITORY_UNAVAILABLE when its
 * end could not be recorded: it then looks running until its lease has expired, and the next start recovers it.
 */
export async function runJob(run: JobRun): Promise<RunOutcome> {
  const { repository, launched, leaseMilliseconds, logger, control } = run
  const lease = keepLease({
    repository,
    claim: launched.claim,
    leaseMilliseconds,
    logger,
    onLost: control.requestAbort,
    onStatus: (jobStatus) => heedStopRequest(control, jobStatus),
  })
  try {
    return await runSteps(run)
  } finally {
    await lease.close()
  }
}

async function runSteps(launched: JobRun): Promise<RunOutcome> {
  const started: JobExecution = {
    ...launched.launched.execution,
    status: 'STARTED',
    startTime: launched.clock.now(),
  }
  const run: JobRun = { ...launched, launched: { ...launched.launched, execution: started } }
  const steps: StepExecution[] = []
  const result = await settle(async () => {
    readableValues(started.executionContext, `job execution ${started.id}`)
    await run.repository.startJobExecution(run.launched.claim)
    run.observer.jobStarted?.(started, Object.keys(run.job.steps))
    const scope = { signal: run.control.abort, logger: run.logger }
    for (const listener of run.job.listeners) await listener.beforeJob?.(started, scope)
    return inOrder(run, steps)
  })
  if ('error' in result && isBatchError(result.error, 'LEASE_LOST')) throw result.error
  const { end, error } = 'error' in result ? { end: failed(result.error), error: result.error } : result.value
  return finish(run, steps, end, error)
}

type Ending = Pick<JobEnd, 'status' | 'exitStatus'>
interface Ended {
  readonly end: Ending
  readonly error: unknown
}

/** `ran` gets the executions of the steps that are run. */
async function inOrder(run: JobRun, ran: StepExecution[]): Promise<Ended> {
  let end: Ending = { status: 'COMPLETED', exitStatus: exitStatus('COMPLETED') }
  for (const [stepName, definition] of Object.entries(run.job.steps)) {
    run.control.abort.throwIfAborted()
    if (run.control.stop.aborted) {
      return { end: { status: 'STOPPED', exitStatus: stoppedExitStatus(run.control) }, error: undefined }
    }
    const result = await runStep(run, stepName, definition)
    if (!result.ran) continue
    ran.push(result.execution)
    const { status, exitStatus: stepExit } = result.execution
    end = { status: status === 'COMPLETED' || status === 'STOPPED' ? status : 'FAILED', exitStatus: stepExit }
    if (end.status !== 'COMPLETED') return { end, error: result.error }
  }
  run.control.abort.throwIfAborted()
  if (ran.length > 0) return { end, error: undefined }
  const nothing = exitStatus('NOOP', 'All steps already completed.')
  return { end: { ...end, exitStatus: combineExitStatus(end.exitStatus, nothing) }, error: undefined }
}

function failed(error: unknown): Ending {
  return { status: 'FAILED', exitStatus: exitStatus('FAILED', describeError(error)) }
}

async function finish(
  run: JobRun,
  steps: readonly StepExecution[],
  end: Ending,
  error: unknown,
): Promise<RunOutcome> {
  const values = run.jobContext.values()
  const endTime = run.clock.now()
  const execution: JobExecutionDetails = {
    ...run.launched.execution,
    ...end,
    endTime,
    lastUpdated: endTime,
    executionContext: { kind: 'readable', values },
    stepExecutions: steps,
  }
  const scope = { signal: run.control.abort, logger: run.logger }
  for (const listener of run.job.listeners) {
    await attempt('afterJob', run.logger, () => listener.afterJob?.(execution, scope))
  }
  await run.repository.endJobExecution(run.launched.claim, { ...end, executionContext: values })
  run.observer.jobEnded?.(execution)
  return { execution, error }
}
