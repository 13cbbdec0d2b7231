/** What an operator can do. The command line, a scheduler and a server are thin callers of this. */
import type { z } from 'zod'
import type { JobDefinition, Steps } from '../definition/define-job.ts'
import { fingerprintOf } from '../definition/fingerprint.ts'
import {
  type ParsedParameters,
  parseParameters,
  parseParameterTexts,
  parseRecordedParameters,
} from '../definition/parse-parameters.ts'
import type { RunOutcome } from '../engine/job-run.ts'
import { runJob } from '../engine/job-runner.ts'
import { createRunControl, type RunControl } from '../engine/run-control.ts'
import { createSharedContext } from '../engine/shared-context.ts'
import { createStepHistory } from '../engine/step-history.ts'
import { BatchError } from '../model/batch-error.ts'
import type { OwnerIdentity } from '../model/execution-owner.ts'
import type { JobExecution, JobExecutionDetails } from '../model/job-execution.ts'
import type { JobInstance } from '../model/job-instance.ts'
import { jobKey } from '../model/job-key.ts'
import type { ExecutionFilter, InstanceFilter, JobRepository, Launched } from '../ports/job-repository.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { RunObserver } from '../ports/run-observer.ts'
import { dryRun, type DryRunOptions } from './dry-run/dry-run.ts'
import type { DryRunReport } from './dry-run/dry-run-report.ts'
import { explainJob, type StepExplanation } from './explain-job.ts'
import { guardObserver } from './guard-observer.ts'
import type { JobRegistry } from './job-registry.ts'
import { changesSince, decideLaunch, type LaunchRules } from './launch-decision.ts'

export interface JobOperator {
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
  /** Restarts the instance of this execution with its recorded parameters. @throws as `start`, and NO_SUCH_JOB_EXECUTION */
  readonly restart: (jobExecutionId: string, options?: StartOptions) => Promise<StartedJob>
  readonly jobs: readonly JobDefinition[]
  /** @throws BatchError NO_SUCH_JOB */
  readonly findJob: (name: string) => JobDefinition
  /** @throws BatchError NO_SUCH_JOB_EXECUTION */
  readonly findJobExecution: (jobExecutionId: string) => Promise<JobExecutionDetails>
  readonly listJobExecutions: (filter: ExecutionFilter) => Promise<readonly JobExecution[]>
  readonly listJobInstances: (filter: InstanceFilter) => Promise<readonly JobInstance[]>
  /**
   * Reads and processes nothing: what each step would do with these parameters, and what it guarantees on this repository.
   * @throws BatchError NO_SUCH_JOB, INVALID_JOB_PARAMETERS
   */
  readonly explain: (
    jobName: string,
    parameters: Readonly<Record<string, string>>,
  ) => Promise<readonly StepExplanation[]>
  /**
   * Everything but the commit: reads, processes, writes where the transaction takes it back, and reports what would have
   * happened. Nothing is recorded, no lease is taken, no file is left. Failures are collected, not thrown.
   * @throws BatchError NO_SUCH_JOB, INVALID_JOB_PARAMETERS, INVALID_CONFIGURATION
   */
  readonly dryRun: (
    jobName: string,
    parameters: Readonly<Record<string, string>>,
    options?: DryRunOptions,
  ) => Promise<DryRunReport>
}

export interface StartOptions {
  readonly observer?: RunObserver
  /**
   * Goes on although the definition or the input has changed since the execution that is continued: whoever sets it has read
   * what JOB_DEFINITION_CHANGED or INPUT_CHANGED names, and answers for it. @default false
   */
  readonly acceptChanges?: boolean
  /** Aborting it is a stop: the open chunk is finished, the execution ends as STOPPED. */
  readonly signal?: AbortSignal
}

export interface StartedJob {
  /** STARTING. */
  readonly execution: JobExecution
  /** The id of the execution that this one continues. */
  readonly restartOf: string | null
  /** The id of the execution that was found dead and closed as FAILED. */
  readonly recovered: string | null
  /** Finish the open chunk and end as STOPPED. */
  readonly stop: (reason: string) => void
  /** Give up now: the open chunk is rolled back, the execution ends as FAILED. */
  readonly abort: (reason: string) => void
  /** How it ended; a job that failed is an outcome. @throws LEASE_LOST, or REPOSITORY_UNAVAILABLE when the end could not be recorded. */
  readonly ended: Promise<RunOutcome>
}

export interface OperatorParts {
  readonly repository: JobRepository
  readonly registry: JobRegistry
  readonly logger: Logger
  readonly leaseMilliseconds: number
  readonly clock: Clock
  readonly owner: OwnerIdentity
  /** Who asks, where the caller gives no name. */
  readonly by: string
  readonly processState: LaunchRules['processState']
  /** A repository for one dry run. */
  readonly rehearsalOf: (repository: JobRepository) => JobRepository
}

export function createJobOperator(parts: OperatorParts): JobOperator {
  const { repository, registry } = parts
  const launchParsed = async (job: JobDefinition, parsed: ParsedParameters, options: StartOptions = {}) =>
    run(parts, job, parsed, await launch(parts, job, parsed, options), options)
  return {
    start: async (job, parameters, options) => {
      const known = registry.find(job.name)
      if ((known as unknown) !== job) throw anotherJob(job.name)
      return launchParsed(
        known,
        await parseParameters(job.name, job.parameters, parameters as Record<string, unknown>),
        options,
      )
    },
    startByName: async (jobName, parameters, options) => {
      const job = registry.find(jobName)
      return launchParsed(job, await parseParameterTexts(jobName, job.parameters, parameters), options)
    },
    restart: async (jobExecutionId, options) => {
      const execution = await findExecution(repository, jobExecutionId)
      const job = registry.find(execution.jobInstance.jobName)
      return launchParsed(job, await parametersOf(job, execution), options)
    },
    jobs: registry.jobs,
    findJob: registry.find,
    findJobExecution: (jobExecutionId) => findExecution(repository, jobExecutionId),
    listJobExecutions: repository.listJobExecutions,
    listJobInstances: repository.listJobInstances,
    explain: async (jobName, parameters) => {
      const job = registry.find(jobName)
      const { values } = await parseParameterTexts(jobName, job.parameters, parameters)
      return explainJob(job, values, repository, parts.logger)
    },
    dryRun: async (jobName, parameters, options = {}) => {
      const job = registry.find(jobName)
      const parsed = await parseParameterTexts(jobName, job.parameters, parameters)
      const observer = guardObserver(options.observer ?? {}, parts.logger)
      const rehearsal = parts.rehearsalOf(repository)
      return dryRun({ ...parts, rehearsal }, job, parsed, { ...options, observer })
    },
  }
}

function anotherJob(jobName: string): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `The job ${jobName} that was to be started is another definition than the one of this name that createBatch was given.`,
    { details: { jobName } },
  )
}

async function launch(
  parts: OperatorParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  { acceptChanges = false }: StartOptions,
): Promise<Launched> {
  const definition = fingerprintOf(job)
  const rules: LaunchRules = {
    jobName: job.name,
    restartable: job.restartable,
    definition,
    acceptsChange: (change) => acceptChanges || job.acceptedChanges.includes(change),
    processState: parts.processState,
  }
  let accepted: readonly string[] = []
  const launched = await parts.repository.launch({
    jobName: job.name,
    jobKey: jobKey(parsed.recorded),
    parameters: parsed.recorded,
    owner: parts.owner,
    leaseMilliseconds: parts.leaseMilliseconds,
    by: parts.by,
    definition,
    decide: (latest) => {
      accepted = latest === undefined ? [] : changesSince(latest, definition)
      return decideLaunch(rules, latest)
    },
  })
  if (accepted.length > 0)
    parts.logger.warn(
      { job: job.name, accepted },
      'restarts over changes of the definition that are accepted',
    )
  return launched
}

function run(
  parts: OperatorParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  launched: Launched,
  options: StartOptions,
): StartedJob {
  const { repository, leaseMilliseconds, clock } = parts
  const { execution, restartOf, recovered } = launched
  const control = createRunControl()
  const logger = parts.logger.child({ job: job.name, execution: execution.id })
  const { executionContext } = execution
  const jobContext = createSharedContext(executionContext.kind === 'readable' ? executionContext.values : {})
  const observer = guardObserver(options.observer ?? {}, logger)
  const parameters = parsed.values
  const jobRun = {
    job,
    parameters,
    launched,
    repository,
    leaseMilliseconds,
    clock,
    jobContext,
    history: createStepHistory(launched.previousSteps),
    control,
    observer,
    logger,
  }
  const ended = stopWith(control, options.signal, () => runJob(jobRun))
  ended.catch(() => {}) // whoever started it awaits it; a rejection before that must not end the process
  return {
    execution,
    restartOf,
    recovered,
    stop: control.requestStop,
    abort: (reason) => control.requestAbort(new BatchError('ABORTED', reason)),
    ended,
  }
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

/** A changed schema may parse the recorded parameters into another instance; that would be a start, not a restart. */
async function parametersOf(job: JobDefinition, execution: JobExecution): Promise<ParsedParameters> {
  const parsed = await parseRecordedParameters(job.name, job.parameters, execution.jobParameters)
  if (jobKey(parsed.recorded) === execution.jobInstance.jobKey) return parsed
  throw new BatchError(
    'JOB_RESTART_REFUSED',
    `Execution ${execution.id} cannot be restarted: the parameters of job ${job.name} have changed, and what was recorded ` +
      'now names another instance. Restore the schema, or start the job with its parameters.',
    { details: { jobExecutionId: execution.id, jobName: job.name } },
  )
}

async function findExecution(
  repository: JobRepository,
  jobExecutionId: string,
): Promise<JobExecutionDetails> {
  const found = /^\d{1,19}$/.test(jobExecutionId)
    ? await repository.findJobExecution(jobExecutionId)
    : undefined
  if (found !== undefined) return found
  throw new BatchError(
    'NO_SUCH_JOB_EXECUTION',
    `There is no job execution ${jobExecutionId} in ${repository.description}.`,
    {
      details: { jobExecutionId },
    },
  )
}
