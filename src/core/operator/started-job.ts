/** A launched execution at work in this process, and how it is ended from outside. */
import { setTimeout as wait } from 'node:timers/promises'
import type { JobDefinition } from '../definition/define-job.ts'
import type { ParsedParameters } from '../definition/parse-parameters.ts'
import { executionLogger } from '../engine/execution-logger.ts'
import type { RunOutcome } from '../engine/run-outcome.ts'
import { runJob } from '../engine/job-runner.ts'
import { inSpan, type SpanEnding } from '../engine/in-span.ts'
import { createRunControl, type RunControl } from '../engine/run-control.ts'
import { createSharedContext } from '../engine/shared-context.ts'
import { createStepHistory } from '../engine/step-history.ts'
import { BatchError } from '../model/batch-error.ts'
import type { JobExecution } from '../model/job-execution.ts'
import type { Runner, Trigger } from '../model/launch-facts.ts'
import type { Clock } from '../ports/clock.ts'
import type { Launched } from '../ports/launch.ts'
import { RUN_EVENTS, type RunObserver } from '../ports/run-observer.ts'
import type { SpanStart, TraceContext } from '../ports/tracing.ts'
import { guardObserver } from './guard-observer.ts'
import type { OperatorParts } from './operator-parts.ts'

export interface StartOptions {
  readonly observer?: RunObserver
  /**
   * Goes on although the definition or the input has changed since the execution that is continued: whoever sets it has read
   * what JOB_DEFINITION_CHANGED or INPUT_CHANGED names, and answers for it. @default false
   */
  readonly acceptChanges?: boolean
  /**
   * For whoever continues what another process has left: refused with JOB_EXECUTION_FOLLOWED unless this execution is still the
   * latest of its instance.
   */
  readonly continues?: string
  /** Aborting it is a stop: the open chunk is finished, the execution ends as STOPPED. */
  readonly signal?: AbortSignal
  /**
   * Of the span that asks for it, where that is in another process: the run's spans belong to its trace, if the batch traces.
   * @default the span that is active
   */
  readonly traceContext?: TraceContext
  /** Who asks, for the record. @default who the batch was created for */
  readonly by?: string
  /** What made it begin, for the record. A longer name is cut. @default type `program`, without a name */
  readonly trigger?: Trigger
  /** What kind of process this is. @default 'program' */
  readonly runner?: Runner
}

export interface StartedJob {
  /** STARTING. */
  readonly execution: JobExecution
  /** The id of the execution that this one continues. */
  readonly restartOf: string | null
  /** The id of the execution that was found dead and closed as FAILED. */
  readonly recovered: string | null
  /** Of a `startNext`: the latest execution of the instance before, where that is not complete. It is not continued by this one. */
  readonly leftBehind: JobExecution | null
  /**
   * Finish the open chunk and end as STOPPED. With a grace, a chunk that is still open when that is over is rolled back, and the
   * execution is STOPPED all the same.
   */
  readonly stop: (reason: string, grace?: { readonly graceMilliseconds: number }) => void
  /**
   * As a stop, because this process ends: recorded first, so that a process of its kind continues it. Resolves when the stop is
   * asked for, which it is also where the record does not answer within two seconds.
   */
  readonly interrupt: (reason: string, grace?: { readonly graceMilliseconds: number }) => Promise<void>
  /** Give up now: the open chunk is rolled back, the execution ends as FAILED. */
  readonly abort: (reason: string) => void
  /** How it ended; a job that failed is an outcome. @throws LEASE_LOST, or REPOSITORY_UNAVAILABLE when the end could not be recorded. */
  readonly ended: Promise<RunOutcome>
}

const NOTING_MILLISECONDS = 2000

export function runLaunched(
  parts: OperatorParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  launched: Launched,
  options: StartOptions,
): StartedJob {
  const { repository, leaseMilliseconds, clock, workerProcesses } = parts
  const { execution, restartOf, recovered, after = null } = launched
  const control = createRunControl()
  const logger = executionLogger(parts.logger, { job: job.name, execution: execution.id })
  const observer = guardObserver<RunObserver>(options.observer ?? {}, RUN_EVENTS, logger)
  const { executionContext } = execution
  const over = new AbortController()
  const span = parts.tracing?.begin(spanOf(launched), options.traceContext)
  const work = () =>
    runJob({
      job,
      parameters: parsed.values,
      launched,
      repository,
      leaseMilliseconds,
      clock,
      jobContext: createSharedContext(executionContext.kind === 'readable' ? executionContext.values : {}),
      history: createStepHistory(launched.previousSteps),
      acceptChanges: options.acceptChanges ?? false,
      control,
      ...(parts.launchChild && { launchChild: parts.launchChild }),
      observer,
      ...(span && { spans: span }),
      logger,
      ...(workerProcesses === undefined ? {} : { workerProcesses }),
    })
  const ended = stopWith(control, options.signal, () => inSpan(span, work, endingOf)).finally(() =>
    over.abort(),
  )
  // Whoever started it awaits it; a rejection before that must not end the process.
  ended.catch((error: unknown) => observer.jobLost?.(execution, error))
  const stop: StartedJob['stop'] = (reason, grace) => {
    control.requestStop(reason)
    if (grace !== undefined) void endGrace(control, clock, reason, grace.graceMilliseconds, over.signal)
  }
  return {
    execution,
    restartOf,
    recovered,
    leftBehind: after?.status === 'COMPLETED' ? null : after,
    stop,
    interrupt: async (reason, grace) => {
      await noteInterruption(parts, execution.id, `${parts.by}: ${reason}`)
      stop(reason, grace)
    },
    abort: (reason) => control.requestAbort(new BatchError('ABORTED', reason)),
    ended,
  }
}

function spanOf({ execution, restartOf }: Launched): SpanStart {
  const { jobName, id } = execution.jobInstance
  return {
    name: `job ${jobName}`,
    attributes: {
      'batch.job.name': jobName,
      'batch.job.instance.id': id,
      'batch.job.execution.id': execution.id,
      ...(restartOf !== null && { 'batch.job.restart_of': restartOf }),
    },
  }
}

function endingOf({ execution: { status, exitStatus }, error }: RunOutcome): SpanEnding {
  return { status, exitStatus, error }
}

async function stopWith(
  control: RunControl,
  signal: AbortSignal | undefined,
  work: () => Promise<RunOutcome>,
): Promise<RunOutcome> {
  const stop = () => control.requestStop('the signal of the caller was aborted')
  if (signal?.aborted === true) stop()
  signal?.addEventListener('abort', stop, { once: true })
  try {
    return await work()
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

async function noteInterruption(
  { repository, logger }: OperatorParts,
  jobExecutionId: string,
  by: string,
): Promise<void> {
  const patience = new AbortController()
  const outOfPatience = wait(NOTING_MILLISECONDS, undefined, { signal: patience.signal }).then(() => {
    throw new Error(`the repository did not answer within ${NOTING_MILLISECONDS} ms`)
  })
  try {
    await Promise.race([repository.noteInterruption(jobExecutionId, by), outOfPatience])
  } catch (error) {
    const text = `execution ${jobExecutionId} is stopped, and nobody will know that it is to be continued: restart it`
    logger.error({ err: error, execution: jobExecutionId }, text)
  } finally {
    patience.abort()
  }
}

async function endGrace(
  control: RunControl,
  clock: Clock,
  reason: string,
  graceMilliseconds: number,
  over: AbortSignal,
): Promise<void> {
  try {
    await clock.sleep(graceMilliseconds, over)
  } catch {
    return
  }
  control.requestStopNow(
    `${reason}; the grace of ${graceMilliseconds / 1000} s was over, and the open chunk was rolled back`,
  )
}
