/** Runs a job as far as that leaves no trace, and reports what it saw. */
import type { JobDefinition } from '../../definition/define-job.ts'
import { fingerprintOf } from '../../definition/fingerprint.ts'
import type { ParsedParameters } from '../../definition/parse-parameters.ts'
import type { StepDefinition } from '../../definition/step-definition.ts'
import { isPositiveInteger } from '../../definition/check-definition.ts'
import { executionLogger } from '../../engine/execution-logger.ts'
import type { JobRun } from '../../engine/job-run.ts'
import { createRunControl, type RunControl } from '../../engine/run-control.ts'
import { createSharedContext } from '../../engine/shared-context.ts'
import { createStepHistory } from '../../engine/step-history.ts'
import { BatchError } from '../../model/batch-error.ts'
import type { OwnerIdentity } from '../../model/execution-owner.ts'
import { jobKey } from '../../model/job-key.ts'
import type { Clock } from '../../ports/clock.ts'
import type { JobRepository } from '../../ports/job-repository.ts'
import type { Logger } from '../../ports/logger.ts'
import type { RunObserver } from '../../ports/run-observer.ts'
import type { DryRunReport, DryRunStep } from './dry-run-report.ts'
import { rehearsePartitions } from './rehearse-partitions.ts'
import { rehearseStep } from './rehearse-step.ts'

export interface DryRunOptions {
  /** Only so many records of each reader, from 1 on. @default all */
  readonly sample?: number
  readonly observer?: RunObserver
  /** Aborting it ends the dry run with the open chunk; the report is of what was seen by then. */
  readonly signal?: AbortSignal
}

export interface DryRunParts {
  /** Records nothing that lasts, and rolls back what steps write. */
  readonly rehearsal: JobRepository
  readonly clock: Clock
  readonly owner: OwnerIdentity
  readonly by: string
  readonly leaseMilliseconds: number
  readonly logger: Logger
}

/**
 * Each chunk-oriented step, in the order in which they are written, whatever the flow says: a step that fails does not keep
 * the others from being tried. Tasklets and job listeners are not called, since they may do anything.
 * @throws BatchError INVALID_CONFIGURATION for a sample that is no whole number from 1 on
 */
export async function dryRun(
  parts: DryRunParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  options: DryRunOptions,
): Promise<DryRunReport> {
  const { sample } = options
  if (sample !== undefined && !isPositiveInteger(sample)) throw sampleRefused(sample)
  const control = createRunControl()
  const stop = () => control.requestStop('the dry run was told to stop')
  if (options.signal?.aborted === true) stop()
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    const run = await launchRehearsal(parts, job, parsed, options.observer ?? {}, control)
    run.observer.jobStarted?.(run.launched.execution, Object.keys(job.steps))
    const steps = await rehearseSteps(run, sample ?? Infinity)
    return {
      jobName: job.name,
      repository: parts.rehearsal.description,
      sample: sample ?? null,
      steps,
      wouldFail: steps.some(hasFailed),
      stopped: control.stop.aborted,
    }
  } finally {
    options.signal?.removeEventListener('abort', stop)
  }
}

async function launchRehearsal(
  parts: DryRunParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  observer: RunObserver,
  control: RunControl,
): Promise<JobRun> {
  const { rehearsal, owner, leaseMilliseconds, clock } = parts
  const launched = await rehearsal.launch({
    jobName: job.name,
    jobKey: jobKey(parsed.recorded),
    parameters: parsed.recorded,
    owner,
    leaseMilliseconds,
    by: parts.by,
    definition: fingerprintOf(job),
    facts: { trigger: { type: 'program', name: null }, runner: 'program' },
    decide: () => ({ action: 'start' }),
  })
  await rehearsal.startJobExecution(launched.claim)
  return {
    job,
    parameters: parsed.values,
    launched,
    repository: rehearsal,
    leaseMilliseconds,
    clock,
    jobContext: createSharedContext({}),
    history: createStepHistory(launched.previousSteps),
    control,
    observer,
    logger: quietLogger(parts.logger, job.name),
  }
}

/** Each failure is in the report; who asked to see more than warnings sees them in the log too. */
function quietLogger(logger: Logger, jobName: string): Logger {
  const level = logger.isLevelEnabled('info') ? logger.level : 'silent'
  return executionLogger(logger, { job: jobName, dryRun: true }, level)
}

async function rehearseSteps(run: JobRun, sample: number): Promise<readonly DryRunStep[]> {
  const steps: DryRunStep[] = []
  for (const [name, step] of Object.entries(run.job.steps)) {
    const rehearsed = run.control.stop.aborted
      ? [notRun(name, 'the dry run was stopped before it')]
      : await rehearse(run, name, step, sample)
    const earlier = notesOnEarlierSteps(steps)
    steps.push(
      ...rehearsed.map((one) => (one.kind === 'chunk' ? { ...one, notes: [...earlier, ...one.notes] } : one)),
    )
  }
  return steps
}

async function rehearse(
  run: JobRun,
  name: string,
  step: StepDefinition,
  sample: number,
): Promise<readonly DryRunStep[]> {
  switch (step.kind) {
    case 'chunk':
      return [await rehearseStep(run, name, step, sample)]
    case 'partitioned':
      return rehearsePartitions(run, name, step, sample)
    case 'tasklet':
      return [notRun(name, 'a tasklet may do anything, so it is not called')]
    case 'job':
      return [notRun(name, `it runs the job ${step.job.name}: rehearse that one by itself`)]
    default:
      return step satisfies never
  }
}

function notRun(name: string, reason: string): DryRunStep {
  return { kind: 'not run', name, reason, failed: false }
}

function notesOnEarlierSteps(steps: readonly DryRunStep[]): readonly string[] {
  if (steps.length === 0) return []
  return [
    `it saw the database and the files as they are, without what ${steps.map(({ name }) => name).join(', ')} would have made`,
  ]
}

/** A writer that could not be opened, behind a tasklet that was not called, may find later what it misses now. */
function hasFailed(step: DryRunStep, index: number, steps: readonly DryRunStep[]): boolean {
  if (step.kind === 'not run') return step.failed
  if (step.ended === 'failed' || step.failedCount > 0) return true
  const mayBeMade = steps.slice(0, index).some(({ kind }) => kind === 'not run')
  return !mayBeMade && step.writes.some(({ what }) => what === 'refused')
}

function sampleRefused(sample: number): BatchError {
  return new BatchError(
    'INVALID_CONFIGURATION',
    `The sample is ${sample}; it must be a whole number from 1 on.`,
    { details: { sample } },
  )
}
