/** One job execution from STARTING to its end. */
import { isBatchError } from '../model/batch-error.ts'
import { combineExitStatus, exitStatus } from '../model/exit-status.ts'
import type { JobExecution, JobExecutionDetails } from '../model/job-execution.ts'
import { readableValues } from './context-draft.ts'
import { attempt, settle } from './first-error.ts'
import { type FlowOutcome, failedOutcome } from './flow/flow-outcome.ts'
import { createFlowRun, type FlowRun, withRestartAt } from './flow/flow-run.ts'
import { walkFlow } from './flow/walk-flow.ts'
import { orGivenUp } from './give-up.ts'
import type { JobRun } from './job-run.ts'
import type { RunOutcome } from './run-outcome.ts'
import { keepLease } from './lease-keeper.ts'
import { heedStopRequest, isStopNow, stoppedExitStatus } from './run-control.ts'

/**
 * Walks the job's flow to its end. The outcome says how it ended, also when it failed.
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
    return await orGivenUp(run, runSteps(run))
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
  const flow = createFlowRun(run)
  const result = await settle(async () => {
    readableValues(started.executionContext, `job execution ${started.id}`)
    await run.repository.startJobExecution(run.launched.claim)
    run.observer.jobStarted?.(started, Object.keys(run.job.steps))
    const scope = { signal: run.control.abort, logger: run.logger }
    for (const listener of run.job.listeners) await listener.beforeJob?.(started, scope)
    return walk(flow)
  })
  if ('error' in result && isBatchError(result.error, 'LEASE_LOST')) throw result.error
  return finish(flow, 'error' in result ? outcomeOf(run, result.error) : result.value)
}

/** An abort that asks for a stop ends as one. */
function outcomeOf({ control }: JobRun, error: unknown): FlowOutcome {
  if (!isStopNow(control, error)) return failedOutcome(error)
  return { status: 'STOPPED', exitStatus: stoppedExitStatus(control), error: undefined, failures: [] }
}

async function walk(flow: FlowRun): Promise<FlowOutcome> {
  const { job } = flow
  const outcome = await walkFlow(flow, job.job.flow, '')
  job.control.abort.throwIfAborted()
  if (outcome.status !== 'COMPLETED' || job.history.added().length > 0) return outcome
  const nothing = exitStatus('NOOP', 'All steps already completed.')
  return { ...outcome, exitStatus: combineExitStatus(outcome.exitStatus, nothing) }
}

async function finish(flow: FlowRun, { status, exitStatus: own, error }: FlowOutcome): Promise<RunOutcome> {
  const run = flow.job
  const end = { status, exitStatus: own }
  const values = withRestartAt(run.jobContext.values(), flow, status === 'COMPLETED')
  const endTime = run.clock.now()
  const execution: JobExecutionDetails = {
    ...run.launched.execution,
    ...end,
    endTime,
    lastUpdated: endTime,
    executionContext: { kind: 'readable', values },
    stepExecutions: run.history.added(),
  }
  const scope = { signal: run.control.abort, logger: run.logger }
  for (const listener of run.job.listeners) {
    await attempt('afterJob', run.logger, () => listener.afterJob?.(execution, scope))
  }
  await run.repository.endJobExecution(run.launched.claim, { ...end, executionContext: values })
  run.observer.jobEnded?.(execution)
  return { execution, error }
}
