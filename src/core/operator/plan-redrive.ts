/** Which quarantined items a redrive would take, and what is in the way of the others. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { ParsedParameters } from '../definition/parse-parameters.ts'
import { parseRecordedParameters } from '../definition/recorded-parameters.ts'
import type { ChunkStepDefinition } from '../definition/step-definition.ts'
import { writerObstacle } from '../engine/redrive/redrive-writer.ts'
import { isBatchError } from '../model/batch-error.ts'
import { thrownText } from '../model/error-description.ts'
import { PARTITION_SEPARATOR } from '../model/partition.ts'
import type { FaultPhase } from '../model/quarantined-item.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Logger } from '../ports/logger.ts'
import type { QuarantineSelection, QuarantineSummary } from '../ports/quarantine-store.ts'
import { withPartitionSteps } from './partition-steps.ts'
import { sampleScope } from './sample-scope.ts'
import type { JobRegistry } from './job-registry.ts'

/** What a redrive would do with the items of one execution. Nothing has been changed. */
export interface RedrivePlan {
  readonly jobName: string
  /** The execution that quarantined them: each has a redrive of its own, with its parameters. */
  readonly jobExecutionId: string
  readonly parts: readonly RedrivePart[]
}

export interface RedrivePart {
  readonly stepName: string
  readonly phase: FaultPhase
  readonly items: number
  /** Why these are left where they are; undefined where they would be redriven. */
  readonly obstacle: string | undefined
}

export interface RedriveParts {
  readonly repository: JobRepository
  readonly registry: JobRegistry
  readonly logger: Logger
}

/** In the order of the executions. What was redriven already is no part of it. */
export async function planRedrive(
  parts: RedriveParts,
  selection: QuarantineSelection,
): Promise<readonly RedrivePlan[]> {
  const summaries = await parts.repository.quarantine.summarize(selection)
  const plans = new Map<string, RedrivePlan & { readonly parts: RedrivePart[] }>()
  for (const summary of summaries.filter(({ state }) => state !== 'done')) {
    const { jobName, jobExecutionId, stepName, phase, items } = summary
    const plan = plans.get(jobExecutionId) ?? { jobName, jobExecutionId, parts: [] }
    plans.set(jobExecutionId, plan)
    plan.parts.push({ stepName, phase, items, obstacle: await obstacleOf(parts, summary) })
  }
  return [...plans.values()]
}

async function obstacleOf(parts: RedriveParts, summary: QuarantineSummary): Promise<string | undefined> {
  const { state, heldBy, jobName, jobExecutionId, stepName, phase } = summary
  if (state === 'cut') return 'they were not kept whole'
  if (state === 'held') return `execution ${heldBy} redrives them: wait for it, restart it, or abandon it`
  try {
    const known = parts.registry.find(jobName)
    const job = await withPartitionSteps(parts.repository, known, jobExecutionId, [stepName])
    const step = job.steps[stepName]
    if (step?.kind !== 'chunk') return stepObstacleOf(job, stepName)
    const parsed = await parametersOfOrigin(parts, job, jobExecutionId)
    return stepObstacle(parts, { job, step, stepName, phase }, parsed)
  } catch (error) {
    if (isBatchError(error, 'REPOSITORY_UNAVAILABLE')) throw error
    return thrownText(error)
  }
}

/** A partition's step is recorded with the partition's name behind its own. */
function stepObstacleOf({ name, steps }: JobDefinition, stepName: string): string {
  const [ownName = ''] = stepName.split(PARTITION_SEPARATOR)
  return steps[ownName]?.kind === 'partitioned'
    ? 'the plan of the execution has no such partition any more'
    : `job ${name} has no chunk step ${stepName}`
}

interface StepAndPhase {
  readonly job: JobDefinition
  readonly step: ChunkStepDefinition
  readonly stepName: string
  readonly phase: FaultPhase
}

/** Makes reader and writer, and opens none. */
function stepObstacle(
  { repository, logger }: RedriveParts,
  { job, step, stepName, phase }: StepAndPhase,
  { values }: ParsedParameters,
): string | undefined {
  const redrive = { batchId: '0', originJobExecutionId: '0' }
  const scope = { ...sampleScope(job, stepName, values, repository, logger), redrive }
  const reader = phase === 'read' ? step.reader(scope) : undefined
  if (reader !== undefined && reader.openParser === undefined)
    return `the reader (${reader.description}) makes no items of single records`
  return writerObstacle(step, scope)
}

async function parametersOfOrigin(
  { repository }: RedriveParts,
  job: JobDefinition,
  jobExecutionId: string,
): Promise<ParsedParameters> {
  const origin = await repository.findJobExecution(jobExecutionId)
  return parseRecordedParameters(job.name, job.parameters, origin?.jobParameters ?? [])
}
