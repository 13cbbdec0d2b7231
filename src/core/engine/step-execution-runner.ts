/** One begun step execution to its recorded end: listen, do the body, listen again, write the end. */
import type { StepScope } from '../definition/callback-scope.ts'
import { describeError } from '../model/error-description.ts'
import type { ExecutionContext } from '../model/execution-context.ts'
import { combineExitStatus, type ExitStatus, exitStatus } from '../model/exit-status.ts'
import type { StepCounts, StepExecution } from '../model/step-execution.ts'
import { isBatchError } from '../model/batch-error.ts'
import type { StepEnd, StepSession } from '../ports/step-session.ts'
import type { StepListener } from '../ports/listeners.ts'
import type { Span, SpanStart } from '../ports/tracing.ts'
import { createContextDraft, createFrozenDraft } from './context-draft.ts'
import { attempt, firstError, type Settled, settle, unsettle } from './first-error.ts'
import { inSpan, type SpanEnding } from './in-span.ts'
import type { JobRun } from './job-run.ts'
import { authorsEntries, ownEntries } from './own-entries.ts'
import { isStopNow, stoppedExitStatus } from './run-control.ts'
import { sampleRhythm } from './sample-rhythm.ts'
import { committedExecution, createStepLedger, type StepRun } from './step-run.ts'

export interface StepResult {
  /** With the times of this process's clock; for a skipped step the execution that had completed it. */
  readonly execution: StepExecution
  readonly ran: boolean
  readonly error: unknown
}

export interface BegunStep {
  /** As it is recorded. */
  readonly stepName: string
  readonly session: StepSession
  /** The context that it goes on from. */
  readonly from: ExecutionContext
  /** Of this step over all earlier executions of the instance. */
  readonly earlierCounts: StepCounts
  /** False where Spring has counted some of them. @default true */
  readonly reconcilesEarlier?: boolean
  readonly listeners: readonly StepListener[]
  /** What its callbacks are handed besides. @default nothing */
  readonly scope?: Readonly<Record<string, unknown>>
  /** Set where it works on a partition of a step. */
  readonly partition?: StepRun['partition']
  /** False: its callbacks may read the job's context, and its end leaves that alone. @default true */
  readonly changesJobContext?: boolean
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

/** Partitions have spans of one name, that of their step. */
function spanOf({ launched }: JobRun, { session, partition }: BegunStep): SpanStart {
  const { stepName, id } = session.stepExecution
  const name = partition?.stepName ?? stepName
  return {
    name: `step ${name}`,
    attributes: {
      'batch.job.name': launched.execution.jobInstance.jobName,
      'batch.job.execution.id': launched.execution.id,
      'batch.step.name': name,
      'batch.step.execution.id': id,
      ...(partition && { 'batch.partition.name': partition.name }),
    },
  }
}

function endingOf({ execution, error }: StepResult): SpanEnding {
  return { status: execution.status, exitStatus: execution.exitStatus, error }
}

function createStepRun(job: JobRun, begun: BegunStep, span: Span | undefined): StepRun {
  const { stepName, session, from, earlierCounts, reconcilesEarlier = true } = begun
  const { control, observer, clock } = job
  const ending = new AbortController()
  const jobContextFrom = job.jobContext.values()
  const scope: StepScope<unknown> = {
    ...begun.scope,
    parameters: job.parameters,
    jobExecution: job.launched.execution,
    jobContext: (begun.changesJobContext === false ? createFrozenDraft : createContextDraft)(jobContextFrom),
    stepExecution: session.stepExecution,
    stepContext: createContextDraft(authorsEntries(from)),
    signal: AbortSignal.any([job.control.abort, ending.signal]),
    logger: job.logger.child(logFields(begun)),
    resources: job.repository.resources,
  }
  return {
    stepName,
    ...(begun.partition && { partition: begun.partition }),
    scope,
    session,
    acceptChanges: job.acceptChanges ?? false,
    acceptsChange: (change) => job.acceptChanges === true || job.job.acceptedChanges.includes(change),
    control,
    clock,
    transactionHas: job.repository.transactionHas,
    observer,
    ...(span && { span }),
    earlierCounts,
    reconcilesEarlier,
    jobContextFrom,
    ledger: createStepLedger({ step: from, job: jobContextFrom }),
    samples: sampleRhythm(clock.monotonic),
    giveUp: (reason) => ending.abort(reason),
  }
}

/** As the metrics and spans have it: the step, and the partition beside it. */
function logFields({ stepName, partition }: BegunStep): Readonly<Record<string, string>> {
  return partition === undefined
    ? { step: stepName }
    : { step: partition.stepName, partition: partition.name }
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
