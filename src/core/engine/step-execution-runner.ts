/** One begun step execution to its recorded end: listen, do the body, listen again, write the end. */
import { describeError } from '../model/error-description.ts'
import { combineExitStatus, type ExitStatus, exitStatus } from '../model/exit-status.ts'
import type { StepExecution } from '../model/step-execution.ts'
import { isBatchError } from '../model/batch-error.ts'
import type { StepEnd } from '../ports/step-session.ts'
import type { StepListener } from '../ports/listeners.ts'
import { type BegunStep, createStepRun, logFields, spanOf } from './create-step-run.ts'
import { attempt, firstError, type Settled, settle, unsettle } from './first-error.ts'
import { inSpan, type SpanEnding } from './in-span.ts'
import type { JobRun } from './job-run.ts'
import { ownEntries } from './own-entries.ts'
import { isStopNow, stoppedExitStatus } from './run-control.ts'
import { committedExecution, type StepRun } from './step-run.ts'

export interface StepResult {
  /** With the times of this process's clock; for a skipped step the execution that had completed it. */
  readonly execution: StepExecution
  readonly ran: boolean
  readonly error: unknown
}

export type StepEnding = Pick<StepEnd, 'status' | 'exitStatus'>

/** Closes the session. @throws BatchError when the end cannot be recorded. A step that fails is a result. */
export async function runStepExecution(
  job: JobRun,
  begun: BegunStep,
  body: (run: StepRun) => Promise<StepEnding>,
): Promise<StepResult> {
  const { session, stepName } = begun
  const span = job.spans?.begin(spanOf(job, begun))
  try {
    const run = createStepRun(job, begun, span)
    run.observer.stepStarted?.(session.stepExecution)
    return await inSpan(span, () => runAndEnd(job, run, begun, body), endingOf)
  } finally {
    const logger = job.logger.child(logFields(begun))
    await attempt(`closing the session of step ${stepName}`, logger, () => session.close())
  }
}

function endingOf({ execution, error }: StepResult): SpanEnding {
  return { status: execution.status, exitStatus: execution.exitStatus, error }
}

async function runAndEnd(
  job: JobRun,
  run: StepRun,
  begun: BegunStep,
  body: (run: StepRun) => Promise<StepEnding>,
): Promise<StepResult> {
  const { listeners } = begun
  const result = await settle(async () => {
    const listenerScope = { signal: run.scope.signal, logger: run.scope.logger }
    for (const listener of listeners) await listener.beforeStep?.(run.session.stepExecution, listenerScope)
    return body(run)
  })
  const ended = 'error' in result ? endOf(run, result.error) : result.value
  const listened = await settle(() => callAfterStep(run, ended, listeners))
  const error = firstError(result, listened, run.scope.logger)
  const end = 'error' in error ? endOf(run, error.error) : ended
  const own = 'value' in listened ? listened.value : []
  return record(job, run, begun, { ...end, exitStatus: own.reduce(combineExitStatus, end.exitStatus) }, error)
}

function endOf({ control }: StepRun, error: unknown): StepEnding {
  if (isStopNow(control, error)) return { status: 'STOPPED', exitStatus: stoppedExitStatus(control) }
  return { status: 'FAILED', exitStatus: exitStatus('FAILED', describeError(error)) }
}

/** Every listener is called, whatever the others do; the first error among them is thrown at the end. */
async function callAfterStep(
  run: StepRun,
  ended: StepEnding,
  listeners: readonly StepListener[],
): Promise<readonly ExitStatus[]> {
  const execution = { ...committedExecution(run.session, run.ledger), ...ended, ...reconciledBy(run) }
  const scope = { signal: run.scope.signal, logger: run.scope.logger }
  const own: ExitStatus[] = []
  let failure: Settled<unknown> = { value: undefined }
  for (const listener of listeners) {
    const answer = await settle(() => listener.afterStep?.(execution, scope))
    if ('value' in answer && answer.value) own.push(answer.value)
    failure = firstError(failure, answer, run.scope.logger)
  }
  unsettle(failure)
  return own
}

/** A step whose lease was lost belongs to somebody else: nothing is written about it. */
async function record(
  job: JobRun,
  run: StepRun,
  { changesJobContext = true }: BegunStep,
  end: StepEnding,
  result: Settled<unknown>,
): Promise<StepResult> {
  const error = 'error' in result ? result.error : undefined
  if (isBatchError(error, 'LEASE_LOST')) throw error
  if (error !== undefined) run.scope.logger.error({ err: error }, `step ${run.stepName} failed`)
  const isComplete = end.status === 'COMPLETED'
  const finished = isComplete ? finalContext(run) : run.ledger.context()
  const jobContext = {
    from: run.jobContextFrom,
    to: isComplete ? run.scope.jobContext.values() : run.ledger.jobContext(),
  }
  const counts = run.ledger.counts()
  const reconciled = reconciledBy(run)
  const ending = { ...end, counts, executionContext: finished, ...reconciled, sample: run.samples.last() }
  // While it is merged the ends of other steps wait; were this one to wait for a connection then, they might hold all there are.
  await run.session.wake?.()
  if (changesJobContext)
    await job.jobContext.merge(jobContext, (jobExecutionContext) =>
      run.session.end({ ...ending, jobExecutionContext }),
    )
  else await run.session.end(ending)
  const endTime = run.clock.now()
  const execution: StepExecution = {
    ...run.session.stepExecution,
    ...end,
    ...counts,
    ...reconciled,
    endTime,
    lastUpdated: endTime,
    executionContext: { kind: 'readable', values: finished },
  }
  run.observer.stepEnded?.(execution)
  return { execution, ran: true, error }
}

function reconciledBy({ ledger }: StepRun): Pick<StepExecution, 'reconciliation'> {
  const reconciliation = ledger.reconciliation()
  return reconciliation === undefined ? {} : { reconciliation }
}

/** What the callbacks have made of the context, also after the last commit, and the framework's own entries. */
function finalContext(run: StepRun): StepEnd['executionContext'] {
  return { ...run.scope.stepContext.values(), ...ownEntries(run.ledger.context()) }
}
