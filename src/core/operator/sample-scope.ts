/** What the factories of readers and writers are called with where nothing runs. */
import type { StepScope } from '../definition/callback-scope.ts'
import type { JobDefinition } from '../definition/define-job.ts'
import { createContextDraft } from '../engine/context-draft.ts'
import { EMPTY_CONTEXT } from '../model/execution-context.ts'
import { exitStatus } from '../model/exit-status.ts'
import type { JobExecution } from '../model/job-execution.ts'
import { NO_COUNTS, type StepExecution } from '../model/step-execution.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Logger } from '../ports/logger.ts'

export function sampleScope(
  job: JobDefinition,
  stepName: string,
  parameters: unknown,
  repository: JobRepository,
  logger: Logger,
): StepScope<unknown> {
  const common = {
    createTime: new Date(0),
    startTime: null,
    endTime: null,
    lastUpdated: null,
    version: 0,
    executionContext: EMPTY_CONTEXT,
  }
  const jobExecution: JobExecution = {
    ...common,
    id: '0',
    jobInstance: { id: '0', jobName: job.name, jobKey: '' },
    jobParameters: [],
    status: 'STARTING',
    exitStatus: exitStatus('UNKNOWN'),
    owner: null,
    launch: null,
  }
  const stepExecution: StepExecution = {
    ...common,
    ...NO_COUNTS,
    id: '0',
    jobExecutionId: '0',
    stepName,
    status: 'STARTING',
    exitStatus: exitStatus('EXECUTING'),
  }
  return {
    parameters,
    jobExecution,
    stepExecution,
    jobContext: createContextDraft({}),
    stepContext: createContextDraft({}),
    signal: new AbortController().signal,
    logger,
    resources: repository.resources,
  }
}
