/** What the body of a begun step execution is given, and under which names it is logged and traced. */
import type { StepScope } from '../definition/callback-scope.ts'
import type { ExecutionContext } from '../model/execution-context.ts'
import type { StepCounts } from '../model/step-execution.ts'
import type { StepListener } from '../ports/listeners.ts'
import type { StepSession } from '../ports/step-session.ts'
import type { Span, SpanStart } from '../ports/tracing.ts'
import { createContextDraft, createFrozenDraft } from './context-draft.ts'
import type { JobRun } from './job-run.ts'
import { authorsEntries } from './own-entries.ts'
import { sampleRhythm } from './sample-rhythm.ts'
import { createStepLedger, type StepRun } from './step-run.ts'

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

export function createStepRun(job: JobRun, begun: BegunStep, span: Span | undefined): StepRun {
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
export function logFields({ stepName, partition }: BegunStep): Readonly<Record<string, string>> {
  return partition === undefined
    ? { step: stepName }
    : { step: partition.stepName, partition: partition.name }
}

/** Partitions have spans of one name, that of their step. */
export function spanOf({ launched }: JobRun, { session, partition }: BegunStep): SpanStart {
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
