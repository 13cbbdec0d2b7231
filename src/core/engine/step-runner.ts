/** What every step does, whatever its kind: decide, begin, listen, run, end. */
import type { StepScope } from '../definition/callback-scope.ts'
import type { StepDefinition } from '../definition/step-definition.ts'
import { describeError } from '../model/error-description.ts'
import { combineExitStatus, type ExitStatus, exitStatus } from '../model/exit-status.ts'
import { NO_COUNTS, type StepExecution } from '../model/step-execution.ts'
import { BatchError, isBatchError } from '../model/batch-error.ts'
import type { StepEnd, StepSession } from '../ports/job-repository.ts'
import type { StepListener } from '../ports/listeners.ts'
import { runChunkStep } from './chunk/chunk-step-runner.ts'
import { createContextDraft } from './context-draft.ts'
import { attempt, firstError, type Settled, settle, unsettle } from './first-error.ts'
import type { JobRun } from './job-run.ts'
import { stoppedExitStatus } from './run-control.ts'
import { decideRestart, type RestartDecision } from './restart-decision.ts'
import { authorsEntries, ownEntries } from './own-entries.ts'
import { committedExecution, createStepLedger, type StepRun } from './step-run.ts'
import { runTasklet } from './tasklet/tasklet-runner.ts'

export interface StepResult {
  /** With the times of this process's clock; for a skipped step the execution that had completed it. */
  readonly execution: StepExecution
  readonly ran: boolean
  readonly error: unknown
}

/** @throws BatchError when the step must not be run, or its end cannot be recorded. A failed step is a result. */
export async function runStep(
  job: JobRun,
  stepName: string,
  definition: StepDefinition,
): Promise<StepResult> {
  const previous = job.launched.previousSteps.get(stepName)
  const decision = decideRestart(stepName, definition.options, previous)
  if (decision.action === 'skip') {
    job.observer.stepSkipped?.(decision.last)
    return { execution: decision.last, ran: false, error: undefined }
  }
  const session = await job.repository.beginStep(job.launched.claim, {
    stepName,
    executionContext: decision.from,
  })
  try {
    const run = createStepRun(job, stepName, session, decision)
    run.observer.stepStarted?.(session.stepExecution)
    return await runAndEnd(job, run, definition, decision)
  } finally {
    await attempt(`closing the session of step ${stepName}`, job.logger, () => session.close())
  }
}

type Begin = Extract<RestartDecision, { action: 'run' }>

function createStepRun(job: JobRun, stepName: string, session: StepSession, decision: Begin): StepRun {
  const logger = job.logger.child({ step: stepName })
  const ending = new AbortController()
  const scope: StepScope<unknown> = {
    parameters: job.parameters,
    jobExecution: job.launched.execution,
    jobContext: job.jobContext,
    stepExecution: session.stepExecution,
    stepContext: createContextDraft(authorsEntries(decision.from)),
    signal: AbortSignal.any([job.control.abort, ending.signal]),
    logger,
    resources: job.repository.resources,
  }
  const { control, observer, clock } = job
  const earlierCounts = job.launched.previousSteps.get(stepName)?.counts ?? NO_COUNTS
  return {
    stepName,
    scope,
    session,
    control,
    clock,
    observer,
    earlierCounts,
    ledger: createStepLedger({ step: decision.from, job: job.jobContext.values() }),
    giveUp: (reason) => ending.abort(reason),
  }
}

async function runAndEnd(
  job: JobRun,
  run: StepRun,
  definition: StepDefinition,
  decision: Begin,
): Promise<StepResult> {
  const listeners: readonly StepListener[] =
    definition.kind === 'chunk' ? definition.listeners : (definition.options.listeners ?? [])
  const result = await settle(() => runBody(run, definition, decision, listeners))
  const ended = 'error' in result ? failedEnd(result.error) : result.value
  const listened = await settle(() => callAfterStep(run, ended, listeners))
  const error = firstError(result, listened, run.scope.logger)
  const end = 'error' in error ? failedEnd(error.error) : ended
  const own = 'value' in listened ? listened.value : []
  return record(job, run, { ...end, exitStatus: own.reduce(combineExitStatus, end.exitStatus) }, error)
}

type Ending = Pick<StepEnd, 'status' | 'exitStatus'>

async function runBody(
  run: StepRun,
  definition: StepDefinition,
  decision: Begin,
  listeners: readonly StepListener[],
): Promise<Ending> {
  const listenerScope = { signal: run.scope.signal, logger: run.scope.logger }
  for (const listener of listeners) await listener.beforeStep?.(run.session.stepExecution, listenerScope)
  if (definition.kind === 'tasklet') {
    if (decision.begunBySpring) throw taskletBegunBySpring(run)
    const { outcome, exitStatus } = await runTasklet(run, definition)
    return { status: outcome === 'completed' ? 'COMPLETED' : 'STOPPED', exitStatus }
  }
  const outcome = await runChunkStep(run, definition, decision)
  return outcome === 'completed'
    ? { status: 'COMPLETED', exitStatus: exitStatus('COMPLETED') }
    : { status: 'STOPPED', exitStatus: stoppedExitStatus(run.control) }
}

function taskletBegunBySpring({ stepName }: StepRun): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `Step ${stepName} was begun by Spring Batch, and a tasklet has no reader that could tell how far it came. ` +
      'Finish it with Spring Batch, or start an instance with other parameters.',
    { details: { stepName } },
  )
}

function failedEnd(error: unknown): Ending {
  return { status: 'FAILED', exitStatus: exitStatus('FAILED', describeError(error)) }
}

/** Every listener is called, whatever the others do; the first error among them is thrown at the end. */
async function callAfterStep(
  run: StepRun,
  ended: Ending,
  listeners: readonly StepListener[],
): Promise<readonly ExitStatus[]> {
  const execution = { ...committedExecution(run.session, run.ledger), ...ended }
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
async function record(job: JobRun, run: StepRun, end: Ending, result: Settled<unknown>): Promise<StepResult> {
  const error = 'error' in result ? result.error : undefined
  if (isBatchError(error, 'LEASE_LOST')) throw error
  if (error !== undefined) run.scope.logger.error({ err: error }, `step ${run.stepName} failed`)
  const isComplete = end.status === 'COMPLETED'
  const finished = isComplete ? finalContext(run) : run.ledger.context()
  if (!isComplete) job.jobContext.reset(run.ledger.jobContext())
  const counts = run.ledger.counts()
  await run.session.end({
    ...end,
    counts,
    executionContext: finished,
    jobExecutionContext: job.jobContext.values(),
  })
  const endTime = run.clock.now()
  const execution: StepExecution = {
    ...run.session.stepExecution,
    ...end,
    ...counts,
    endTime,
    lastUpdated: endTime,
    executionContext: { kind: 'readable', values: finished },
  }
  run.observer.stepEnded?.(execution)
  return { execution, ran: true, error }
}

/** What the callbacks have made of the context, also after the last commit, and the framework's own entries. */
function finalContext(run: StepRun): StepEnd['executionContext'] {
  return { ...run.scope.stepContext.values(), ...ownEntries(run.ledger.context()) }
}
