/** What an operator can look at: jobs, executions, instances, figures. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { JobExecutionDetails } from '../model/job-execution.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { PartitionStore } from '../ports/partition-store.ts'
import { actionsOf, type ExecutionActions } from './execution-actions.ts'
import { findExecution } from './find-execution.ts'
import type { OperatorParts } from './operator-parts.ts'

type Lists =
  | 'listSamples'
  | 'listJobExecutions'
  | 'listJobInstances'
  | 'listInstanceOverviews'
  | 'jobStatistics'
  | 'hourlyFigures'
  | 'typicalRun'
  | 'jobFacts'

type PartitionLists = 'listPartitionOverviews' | 'listPartitionExecutions'

/** None of them changes anything. */
export interface LookOperations extends Pick<JobRepository, Lists>, Pick<PartitionStore, PartitionLists> {
  readonly jobs: readonly JobDefinition[]
  /** @throws BatchError NO_SUCH_JOB */
  readonly findJob: (name: string) => JobDefinition
  /** @throws BatchError NO_SUCH_JOB_EXECUTION */
  readonly findJobExecution: (jobExecutionId: string) => Promise<JobExecutionDetails>
  /** What may be done with it as it stands; whoever asks for one of these is judged again. */
  readonly actionsOf: (execution: JobExecutionDetails) => Promise<ExecutionActions>
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
    listJobInstances: repository.listJobInstances,
    listInstanceOverviews: repository.listInstanceOverviews,
    jobStatistics: repository.jobStatistics,
    hourlyFigures: repository.hourlyFigures,
    typicalRun: repository.typicalRun,
    jobFacts: repository.jobFacts,
  }
}
