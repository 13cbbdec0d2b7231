/** Starts in this process: of a new instance, of the next one, of one that goes on where it ended. */
import type { z } from 'zod'
import type { JobDefinition, Steps } from '../definition/define-job.ts'
import {
  type ParsedParameters,
  parseParameters,
  parseParameterTexts,
} from '../definition/parse-parameters.ts'
import type { ParameterChanges } from '../definition/recorded-parameters.ts'
import { BatchError } from '../model/batch-error.ts'
import type { Launched } from '../ports/launch.ts'
import { findExecution } from './find-execution.ts'
import type { JobRegistry } from './job-registry.ts'
import { prepareLaunch } from './launch-request.ts'
import { termsOf } from './launch-terms.ts'
import { nextParameters } from './next-instance.ts'
import type { OperatorParts } from './operator-parts.ts'
import { restartedRedrive } from './redrive.ts'
import { restartParameters } from './restart-parameters.ts'
import { runLaunched, type StartedJob, type StartOptions } from './started-job.ts'

export interface StartOperations {
  /**
   * Starts a new instance, or restarts one that has failed, was stopped, or whose process has died; the answer says
   * which. Resolves when the launch is recorded; the job goes on, see {@link StartedJob.ended}.
   * @throws BatchError INVALID_JOB_PARAMETERS, JOB_INSTANCE_ALREADY_COMPLETE, JOB_EXECUTION_ALREADY_RUNNING, JOB_RESTART_REFUSED
   */
  readonly start: <P extends z.ZodObject, S extends Steps>(
    job: JobDefinition<P, S>,
    parameters: z.input<P>,
    options?: StartOptions,
  ) => Promise<StartedJob>
  /** The same for `k=v` texts, as from a command line. @throws also NO_SUCH_JOB */
  readonly startByName: (
    jobName: string,
    parameters: Readonly<Record<string, string>>,
    options?: StartOptions,
  ) => Promise<StartedJob>
  /**
   * Starts a new instance with the parameters of the job's last one, those of `changes` in their place, and the next
   * `run.id`. Always a new instance: one before it that has not completed is named in {@link StartedJob.leftBehind}, and not
   * continued. Of two at once each gets a number of its own.
   * @throws BatchError INVALID_JOB_PARAMETERS
   */
  readonly startNext: <P extends z.ZodObject, S extends Steps>(
    job: JobDefinition<P, S>,
    changes?: Partial<z.input<P>>,
    options?: StartOptions,
  ) => Promise<StartedJob>
  /** The same for `k=v` texts. @throws also NO_SUCH_JOB */
  readonly startNextByName: (
    jobName: string,
    changes: Readonly<Record<string, string>>,
    options?: StartOptions,
  ) => Promise<StartedJob>
  /**
   * Restarts the instance of this execution with its recorded parameters, and changes of those that do not identify it.
   * @throws as `start`, and NO_SUCH_JOB_EXECUTION
   */
  readonly restart: (jobExecutionId: string, options?: RestartOptions) => Promise<StartedJob>
}

export interface RestartOptions extends StartOptions {
  /** As `k=v` texts: other values of parameters that do not identify the instance. The others stay what they were. */
  readonly parameters?: Readonly<Record<string, string>>
}

export function startOperations(parts: OperatorParts): StartOperations {
  const { repository, registry } = parts
  return {
    start: async (job, parameters, options) => {
      const known = knownJob(registry, job)
      return launchParsed(
        parts,
        known,
        await parseParameters(job.name, job.parameters, parameters as Record<string, unknown>),
        options,
      )
    },
    startByName: async (jobName, parameters, options) => {
      const job = registry.find(jobName)
      return launchParsed(parts, job, await parseParameterTexts(jobName, job.parameters, parameters), options)
    },
    startNext: async (job, changes = {}, options) =>
      launchNext(parts, knownJob(registry, job), { values: changes as Record<string, unknown> }, options),
    startNextByName: async (jobName, changes, options) =>
      launchNext(parts, registry.find(jobName), { texts: changes }, options),
    restart: async (jobExecutionId, options) => {
      const execution = await findExecution(repository, jobExecutionId)
      const job = registry.find(execution.jobInstance.jobName)
      const parsed = await restartParameters(job, execution, options?.parameters ?? {})
      const redriving = await restartedRedrive(parts, job, execution)
      if (redriving === undefined) return launchParsed(parts, job, parsed, options)
      // Each item is dealt with once, whatever has changed: the change may be what was to be mended.
      const anyway = { ...options, acceptChanges: true }
      const launched = await launch(parts, { ...job, restartable: true }, parsed, anyway)
      return runLaunched({ ...parts, ...redriving }, redriving.job, parsed, launched, anyway)
    },
  }
}

export async function launchParsed(
  parts: OperatorParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  options: StartOptions = {},
): Promise<StartedJob> {
  return runLaunched(parts, job, parsed, await launch(parts, job, parsed, options), options)
}

async function launchNext(
  parts: OperatorParts,
  job: JobDefinition,
  changes: ParameterChanges,
  options: StartOptions = {},
): Promise<StartedJob> {
  const { next, parsed } = nextParameters(job, changes)
  const launched = await parts.repository.launchNext({ ...termsOf(parts, job, options), next })
  return runLaunched(parts, job, parsed(), launched, options)
}

async function launch(
  parts: OperatorParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  options: StartOptions,
): Promise<Launched> {
  const { request, warn } = prepareLaunch(parts, job, parsed, options)
  const launched = await parts.repository.launch(request)
  warn(launched.execution.id)
  return launched
}

/** @throws BatchError where another definition of this name was given to createBatch */
function knownJob(registry: JobRegistry, job: { readonly name: string }): JobDefinition {
  const known = registry.find(job.name)
  if (known !== job) throw anotherJob(job.name)
  return known
}

function anotherJob(jobName: string): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `The job ${jobName} that was to be started is another definition than the one of this name that createBatch was given.`,
    { details: { jobName } },
  )
}
