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

/**
 * In the order of the executions. What was redriven already is no part of it. The repository is asked as often for an execution
 * whatever it has quarantined.
 */
export async function planRedrive(
  parts: RedriveParts,
  selection: QuarantineSelection,
): Promise<readonly RedrivePlan[]> {
  const summaries = await parts.repository.quarantine.summarize(selection)
  const byExecution = new Map<string, QuarantineSummary[]>()
  for (const summary of summaries.filter(({ state }) => state !== 'done')) {
    const group = byExecution.get(summary.jobExecutionId) ?? []
    byExecution.set(summary.jobExecutionId, group)
    group.push(summary)
  }
  const plans: RedrivePlan[] = []
  for (const group of byExecution.values()) plans.push(...(await planOf(parts, group)))
  return plans
}

async function planOf(parts: RedriveParts, group: readonly QuarantineSummary[]): Promise<RedrivePlan[]> {
  const [first] = group
  if (first === undefined) return []
  const { jobName, jobExecutionId } = first
  const origin = originOf(parts, first, [...new Set(group.map(({ stepName }) => stepName))])
  const planned: RedrivePart[] = []
  for (const summary of group) {
    const { stepName, phase, items } = summary
    planned.push({ stepName, phase, items, obstacle: await obstacleOf(parts, origin, summary) })
  }
  return [{ jobName, jobExecutionId, parts: planned }]
}

/** What the items came from; each is looked up once, when it is asked for. */
interface Origin {
  readonly job: () => Promise<JobDefinition>
  readonly parsed: () => Promise<ParsedParameters>
}

function originOf(
  parts: RedriveParts,
  { jobName, jobExecutionId }: QuarantineSummary,
  stepNames: readonly string[],
): Origin {
  let job: Promise<JobDefinition> | undefined
  let parsed: Promise<ParsedParameters> | undefined
  return {
    job: async () => {
      const known = parts.registry.find(jobName)
      return (job ??= withPartitionSteps(parts.repository, known, jobExecutionId, stepNames))
    },
    parsed: async () => {
      const known = parts.registry.find(jobName)
      return (parsed ??= parametersOfOrigin(parts, known, jobExecutionId))
    },
  }
}

async function obstacleOf(
  parts: RedriveParts,
  origin: Origin,
  summary: QuarantineSummary,
): Promise<string | undefined> {
  const { state, heldBy, stepName, phase } = summary
  if (state === 'cut') return 'they were not kept whole'
  if (state === 'held') return `execution ${heldBy} redrives them: wait for it, restart it, or abandon it`
  try {
    const job = await origin.job()
    const step = job.steps[stepName]
    if (step?.kind !== 'chunk') return stepObstacleOf(job, stepName)
    return stepObstacle(parts, { job, step, stepName, phase }, await origin.parsed())
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
