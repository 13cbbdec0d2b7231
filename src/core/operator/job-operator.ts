/** What an operator can do. The command line, a scheduler and a server are thin callers of this. */
import type { z } from 'zod'
import type { JobDefinition, Steps } from '../definition/define-job.ts'
import {
  type ParsedParameters,
  parseParameters,
  parseParameterTexts,
} from '../definition/parse-parameters.ts'
import type { ParameterChanges } from '../definition/recorded-parameters.ts'
import { BatchError } from '../model/batch-error.ts'
import type { JobExecutionDetails, JobExecutionSummary } from '../model/job-execution.ts'
import type { JobInstance } from '../model/job-instance.ts'
import type { PartitionOverview } from '../model/partition-overview.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { JobStatistics, RepositoryFacts, StatisticsRequest } from '../ports/job-figures.ts'
import type { ExecutionFilter, InstanceFilter, InstanceOverview } from '../ports/job-repository.ts'
import type { Launched } from '../ports/launch.ts'
import type { PartitionExecutionFilter } from '../ports/partition-store.ts'
import type { StepSample } from '../ports/step-sample.ts'
import { childLauncher } from './child-launcher.ts'
import { actionsOf, type ExecutionActions } from './execution-actions.ts'
import { type ExecutionOperations, executionOperations } from './execution-operations.ts'
import { dryRun, type DryRunOptions } from './dry-run/dry-run.ts'
import type { DryRunReport } from './dry-run/dry-run-report.ts'
import { explainJob, type StepExplanation } from './explain-job.ts'
import { findExecution } from './find-execution.ts'
import { guardObserver } from './guard-observer.ts'
import { type FireOperations, fireOperations } from './fire-operations.ts'
import { launchOperations } from './launch-operations.ts'
import type { LaunchOperations } from './launch-order.ts'
import { prepareLaunch } from './launch-request.ts'
import { nextParameters } from './next-instance.ts'
import { termsOf } from './launch-terms.ts'
import type { OperatorParts } from './operator-parts.ts'
import { purgeHistory, type PurgeOptions, type PurgeReport } from './purge-history.ts'
import { type QuarantineOperations, quarantineOperations } from './quarantine-operations.ts'
import { restartedRedrive } from './redrive.ts'
import { restartParameters } from './restart-parameters.ts'
import { runLaunched, type StartedJob, type StartOptions } from './started-job.ts'

export type { StartedJob, StartOptions } from './started-job.ts'

export interface JobOperator
  extends ExecutionOperations, QuarantineOperations, FireOperations, LaunchOperations {
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
  readonly jobs: readonly JobDefinition[]
  /** @throws BatchError NO_SUCH_JOB */
  readonly findJob: (name: string) => JobDefinition
  /** @throws BatchError NO_SUCH_JOB_EXECUTION */
  readonly findJobExecution: (jobExecutionId: string) => Promise<JobExecutionDetails>
  /** What may be done with it as it stands; whoever asks for one of these is judged again. */
  readonly actionsOf: (execution: JobExecutionDetails) => Promise<ExecutionActions>
  /** Of each partitioned step of which partitions were begun in this job execution. */
  readonly listPartitionOverviews: (jobExecutionId: string) => Promise<readonly PartitionOverview[]>
  /** Step executions of partitions, in the order in which they were begun. */
  readonly listPartitionExecutions: (filter: PartitionExecutionFilter) => Promise<readonly StepExecution[]>
  /** How far a step execution had come at moments of its run, oldest first, about 300 at most. */
  readonly listSamples: (stepExecutionId: string) => Promise<readonly StepSample[]>
  /** Newest first, without their contexts. */
  readonly listJobExecutions: (filter: ExecutionFilter) => Promise<readonly JobExecutionSummary[]>
  readonly findJobInstance: (jobInstanceId: string) => Promise<JobInstance | undefined>
  readonly listJobInstances: (filter: InstanceFilter) => Promise<readonly JobInstance[]>
  /** The same instances, each with its latest execution. */
  readonly listInstanceOverviews: (filter: InstanceFilter) => Promise<readonly InstanceOverview[]>
  readonly jobStatistics: (request: StatisticsRequest) => Promise<JobStatistics>
  /** Of all jobs, for monitoring. */
  readonly jobFacts: () => Promise<RepositoryFacts>
  /**
   * Deletes instances that are over, with all that belongs to them, a few in each transaction. What was purged can be started
   * anew, as if it had never run. @throws BatchError INVALID_CONFIGURATION
   */
  readonly purge: (options: PurgeOptions) => Promise<PurgeReport>
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

export interface RestartOptions extends StartOptions {
  /** As `k=v` texts: other values of parameters that do not identify the instance. The others stay what they were. */
  readonly parameters?: Readonly<Record<string, string>>
}

export function createJobOperator(given: OperatorParts): JobOperator {
  const parts: OperatorParts = {
    ...given,
    launchChild: childLauncher(given, (job, parsed, options) => launchParsed(job, parsed, options)),
  }
  const { repository, registry } = parts
  const launchParsed = async (job: JobDefinition, parsed: ParsedParameters, options: StartOptions = {}) =>
    runLaunched(parts, job, parsed, await launch(parts, job, parsed, options), options)
  const launchNext = async (job: JobDefinition, changes: ParameterChanges, options: StartOptions = {}) => {
    const { next, parsed } = nextParameters(job, changes)
    const launched = await repository.launchNext({ ...termsOf(parts, job, options), next })
    return runLaunched(parts, job, parsed(), launched, options)
  }
  /** @throws BatchError where another definition of this name was given to createBatch */
  const knownJob = (job: { readonly name: string }): JobDefinition => {
    const known = registry.find(job.name)
    if (known !== job) throw anotherJob(job.name)
    return known
  }
  return {
    ...executionOperations(parts),
    ...quarantineOperations(parts),
    ...fireOperations(parts),
    ...launchOperations(parts),
    start: async (job, parameters, options) => {
      const known = knownJob(job)
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
    startNext: async (job, changes = {}, options) =>
      launchNext(knownJob(job), { values: changes as Record<string, unknown> }, options),
    startNextByName: async (jobName, changes, options) =>
      launchNext(registry.find(jobName), { texts: changes }, options),
    restart: async (jobExecutionId, options) => {
      const execution = await findExecution(repository, jobExecutionId)
      const job = registry.find(execution.jobInstance.jobName)
      const parsed = await restartParameters(job, execution, options?.parameters ?? {})
      const redriving = await restartedRedrive(parts, job, execution)
      if (redriving === undefined) return launchParsed(job, parsed, options)
      // Each item is dealt with once, whatever has changed: the change may be what was to be mended.
      const anyway = { ...options, acceptChanges: true }
      const launched = await launch(parts, { ...job, restartable: true }, parsed, anyway)
      return runLaunched({ ...parts, ...redriving }, redriving.job, parsed, launched, anyway)
    },
    jobs: registry.jobs,
    findJob: registry.find,
    findJobExecution: (jobExecutionId) => findExecution(repository, jobExecutionId),
    actionsOf: (execution) => actionsOf(parts, execution),
    listPartitionOverviews: repository.partitions.listPartitionOverviews,
    listPartitionExecutions: repository.partitions.listPartitionExecutions,
    listSamples: repository.listSamples,
    listJobExecutions: repository.listJobExecutions,
    findJobInstance: repository.findJobInstance,
    listJobInstances: repository.listJobInstances,
    listInstanceOverviews: repository.listInstanceOverviews,
    jobStatistics: repository.jobStatistics,
    jobFacts: repository.jobFacts,
    purge: (options) => purgeHistory(repository, options),
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
  options: StartOptions,
): Promise<Launched> {
  const { request, warn } = prepareLaunch(parts, job, parsed, options)
  const launched = await parts.repository.launch(request)
  warn(launched.execution.id)
  return launched
}
