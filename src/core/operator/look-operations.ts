/** What an operator can look at: jobs, executions, instances, figures. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { JobExecutionDetails, JobExecutionSummary } from '../model/job-execution.ts'
import type { JobInstance } from '../model/job-instance.ts'
import type { PartitionOverview } from '../model/partition-overview.ts'
import type { StepExecution } from '../model/step-execution.ts'
import type { JobStatistics, RepositoryFacts, StatisticsRequest } from '../ports/job-figures.ts'
import type { ExecutionFilter, InstanceFilter, InstanceOverview } from '../ports/job-repository.ts'
import type { PartitionExecutionFilter } from '../ports/partition-store.ts'
import type { StepSample } from '../ports/step-sample.ts'
import { actionsOf, type ExecutionActions } from './execution-actions.ts'
import { findExecution } from './find-execution.ts'
import type { OperatorParts } from './operator-parts.ts'

/** None of them changes anything. */
export interface LookOperations {
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
}

export function lookOperations(parts: OperatorParts): LookOperations {
  const { repository, registry } = parts
  return {
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
  }
}
