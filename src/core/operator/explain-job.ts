/** What a job would do with given parameters, and what each of its steps guarantees, before anything runs. */
import type { StepScope } from '../definition/callback-scope.ts'
import type { JobDefinition } from '../definition/define-job.ts'
import type { ChunkStepDefinition, StepDefinition } from '../definition/step-definition.ts'
import { createContextDraft } from '../engine/context-draft.ts'
import { effectiveGuarantee } from '../engine/effective-guarantee.ts'
import { EMPTY_CONTEXT } from '../model/execution-context.ts'
import { exitStatus } from '../model/exit-status.ts'
import type { JobExecution } from '../model/job-execution.ts'
import { NO_COUNTS, type StepExecution } from '../model/step-execution.ts'
import type { Guarantee } from '../ports/item-writer.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Logger } from '../ports/logger.ts'

export type StepExplanation =
  | {
      readonly name: string
      readonly kind: 'chunk'
      readonly reader: string
      readonly writer: string
      readonly chunkSize: number
      readonly guarantee: Guarantee
      /** A sentence: what happens to an item when the process dies. */
      readonly meaning: string
    }
  | { readonly name: string; readonly kind: 'tasklet'; readonly meaning: string }

/** Makes the readers and writers without opening them. `parameters` are those that the job's callbacks would get. */
export function explainJob(
  job: JobDefinition,
  parameters: unknown,
  repository: JobRepository,
  logger: Logger,
): readonly StepExplanation[] {
  return Object.entries(job.steps).map(([name, step]) =>
    explainStep(name, step, sampleScope(job, name, parameters, repository, logger), repository),
  )
}

const MEANINGS: Readonly<Record<Guarantee, string>> = {
  transactional: 'exactly once: items, counts and checkpoint are committed together',
  idempotent: 'after a crash the last chunk may be written again, which changes nothing',
  'at-least-once': 'after a crash the last chunk may be written again, and its items may be seen twice',
}

function explainStep(
  name: string,
  step: StepDefinition,
  scope: StepScope<unknown>,
  repository: JobRepository,
): StepExplanation {
  switch (step.kind) {
    case 'tasklet':
      return {
        name,
        kind: 'tasklet',
        meaning:
          'what it writes through its transaction is committed with the step; anything else may be done again after a crash',
      }
    case 'chunk':
      return explainChunkStep(name, step, scope, repository)
    default:
      return step satisfies never
  }
}

function explainChunkStep(
  name: string,
  step: ChunkStepDefinition,
  scope: StepScope<unknown>,
  repository: JobRepository,
): StepExplanation {
  const writer = step.writer(scope)
  const { guarantee, lacks } = effectiveGuarantee(writer, repository)
  const downgrade =
    lacks === undefined ? '' : ` (the transaction of ${repository.description} has no ${lacks})`
  const { size } = step.options
  return {
    name,
    kind: 'chunk',
    reader: step.reader(scope).description,
    writer: writer.description,
    chunkSize: typeof size === 'function' ? size(scope) : size,
    guarantee,
    meaning: MEANINGS[guarantee] + downgrade,
  }
}

function sampleScope(
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
