/** Runs jobs and single steps in a test, and shows how they ended. */
import type { z } from 'zod'
import type { JobDefinition, Steps } from '../core/definition/define-job.ts'
import type { ExecutionContext } from '../core/model/execution-context.ts'
import { sequentialFlow } from '../core/definition/flow-definition.ts'
import type { StartOptions } from '../core/operator/job-operator.ts'
import type { Clock } from '../core/ports/clock.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import { createBatch } from '../create-batch.ts'
import { systemClock } from '../process/system-clock.ts'
import { memoryRepository } from '../repository/memory/memory-repository.ts'
import { SILENT_LOGGER } from './contracts/scope.ts'
import { type JobResult, jobResult, type StepResult } from './job-result.ts'
import { repositoryWith } from './repository-with.ts'

export interface TestBatchOptions {
  /** @default a new one in memory, on the same clock */
  readonly repository?: JobRepository
  /** @default the machine's */
  readonly clock?: Clock
  /** @default silent: the result has the error */
  readonly logger?: Logger
}

export type RunJobOptions = TestBatchOptions & StartOptions

export interface RunStepOptions extends RunJobOptions {
  /** What the job's context holds when the step begins. */
  readonly jobContext?: ExecutionContext
  /** What the step's context holds when it begins, as after an execution that has failed. */
  readonly stepContext?: ExecutionContext
}

export interface TestBatch {
  readonly repository: JobRepository
  /** Starts the job, or restarts it where it has failed before, and waits for its end. A failed job is a result. */
  readonly runJob: <P extends z.ZodObject, S extends Steps>(
    job: JobDefinition<P, S>,
    parameters: z.input<P>,
    options?: StartOptions,
  ) => Promise<JobResult<S>>
}

/** What stays from run to run: run a job twice to see what its restart does. */
export function testBatch(options: TestBatchOptions = {}): TestBatch {
  const { clock = systemClock, logger = SILENT_LOGGER } = options
  const repository = options.repository ?? memoryRepository({ clock })
  return {
    repository,
    runJob: async (job, parameters, start) => {
      const { operator } = createBatch({
        repository,
        jobs: [job as unknown as JobDefinition],
        logger,
        clock,
      })
      const started = await operator.start(job, parameters, start)
      const outcome = await started.ended
      return jobResult(await operator.findJobExecution(started.execution.id), outcome)
    },
  }
}

/** Runs a job on a repository of its own, unless one is given, and waits for its end. */
export async function runJob<P extends z.ZodObject, S extends Steps>(
  job: JobDefinition<P, S>,
  parameters: z.input<P>,
  options: RunJobOptions = {},
): Promise<JobResult<S>> {
  return testBatch(options).runJob(job, parameters, options)
}

/** A step that was run alone. */
export type SingleStep = StepResult & {
  /** What made it fail: the error itself. */
  readonly error: unknown
  /** The job's ExecutionContext behind it. */
  readonly jobContext: ExecutionContext
  /** Itself, so that it can be asserted at once. @throws AssertionError with the reason, in words and as its cause */
  readonly completed: () => SingleStep
}

/**
 * Runs a single step of a job, without those before it and without the job's listeners: what they would have left in the
 * contexts is given. A failed step is a result.
 */
export async function runStep<P extends z.ZodObject, S extends Steps>(
  job: JobDefinition<P, S>,
  stepName: keyof S & string,
  parameters: z.input<P>,
  options: RunStepOptions = {},
): Promise<SingleStep> {
  const { jobContext = {}, stepContext = {}, clock = systemClock } = options
  const repository = options.repository ?? memoryRepository({ clock })
  const result = await runJob(onlyStep(job, stepName), parameters, {
    ...options,
    repository: repositoryWith(repository, stepName, { jobContext, stepContext }),
  })
  const step: SingleStep = {
    ...result.step(stepName),
    error: result.error,
    jobContext: result.context,
    completed: () => {
      result.completed()
      return step
    },
  }
  return step
}

function onlyStep<P extends z.ZodObject, S extends Steps>(
  job: JobDefinition<P, S>,
  stepName: keyof S & string,
): JobDefinition<P, Steps> {
  const step = job.steps[stepName]
  if (step !== undefined)
    return { ...job, listeners: [], steps: { [stepName]: step }, flow: sequentialFlow([stepName]) }
  throw new TypeError(`job ${job.name} has no step ${stepName}; it has ${Object.keys(job.steps).join(', ')}`)
}
