/** The launch of a redrive, and how one is known again when it is restarted. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { ParsedParameters } from '../definition/parse-parameters.ts'
import { parseRecordedParameters } from '../definition/recorded-parameters.ts'
import { redriveJob } from '../engine/redrive/redrive-job.ts'
import { redriveRepository } from '../engine/redrive/redrive-repository.ts'
import { BatchError } from '../model/batch-error.ts'
import type { JobExecution } from '../model/job-execution.ts'
import { jobKey } from '../model/job-key.ts'
import { REDRIVE, redriveBatchOf, redriveParameter } from '../model/framework-parameters.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { LaunchedRedrive, LaunchTerms } from '../ports/launch.ts'
import type { QuarantineSelection } from '../ports/quarantine-store.ts'
import { withPartitionSteps } from './partition-steps.ts'
import { planRedrive, type RedriveParts, type RedrivePlan } from './plan-redrive.ts'

export interface RedriveLaunch {
  readonly job: JobDefinition
  readonly origin: JobExecution
  readonly selection: QuarantineSelection
  readonly terms: LaunchTerms
}

export interface RunnableRedrive extends Redriving {
  readonly redrive: LaunchedRedrive
  readonly parsed: ParsedParameters
}

/**
 * Whatever may fail is done before the launch: an execution that was launched and then run by nobody would look alive until
 * its lease had run out.
 * @throws BatchError NOTHING_TO_REDRIVE, naming what is in the way, INVALID_JOB_PARAMETERS
 */
export async function launchRedrive(
  parts: RedriveParts,
  { job, origin, selection, terms }: RedriveLaunch,
): Promise<RunnableRedrive> {
  const [plan] = await planRedrive(parts, { ...selection, jobExecutionId: origin.id })
  const redrivable = (plan?.parts ?? []).filter(({ obstacle }) => obstacle === undefined)
  if (redrivable.length === 0) throw nothingToRedrive(origin.id, plan)
  // A redrive of a redrive has its own batch, and nothing of the first.
  const ofOrigin = origin.jobParameters.filter(({ name }) => name !== REDRIVE)
  const { values, recorded } = await parseRecordedParameters(job.name, job.parameters, ofOrigin)
  const parsedFor = (batchId: string): ParsedParameters => ({
    values,
    recorded: [...recorded, redriveParameter(batchId)],
  })
  const names = redrivable.map(({ stepName }) => stepName)
  const whole = await withPartitionSteps(parts.repository, job, origin.id, names)
  const redrive = await parts.repository.launchRedrive({
    jobName: job.name,
    originJobExecutionId: origin.id,
    selection,
    redrivable,
    executionContext: origin.executionContext,
    launch: (batchId) => {
      const { recorded: parameters } = parsedFor(batchId)
      return { ...terms, jobKey: jobKey(parameters), parameters }
    },
  })
  if (redrive === undefined) throw nothingToRedrive(origin.id, plan)
  const { batchId, stepNames } = redrive
  const batch = { batchId, originJobExecutionId: origin.id, stepNames }
  return { redrive, parsed: parsedFor(batchId), ...redriving(parts, whole, batch) }
}

/** The job and the repository with which a redrive runs. */
export interface Redriving {
  readonly job: JobDefinition
  readonly repository: JobRepository
}

interface Batch {
  readonly batchId: string
  readonly originJobExecutionId: string
  readonly stepNames: readonly string[]
}

/** `whole` has a step for each partition that has items in the batch. @throws BatchError REDRIVE_REFUSED */
function redriving({ repository }: RedriveParts, whole: JobDefinition, batch: Batch): Redriving {
  return {
    job: redriveJob(whole, { ...batch, store: repository.quarantine }),
    repository: redriveRepository(repository, batch.batchId),
  }
}

/**
 * Undefined for an execution that is no redrive.
 * @throws BatchError JOB_RESTART_REFUSED where the batch is gone with its items, REDRIVE_REFUSED
 */
export async function restartedRedrive(
  parts: RedriveParts,
  job: JobDefinition,
  execution: JobExecution,
): Promise<Redriving | undefined> {
  const batchId = redriveBatchOf(execution)
  if (batchId === undefined) return undefined
  const batch = await parts.repository.quarantine.findBatch(batchId)
  if (batch === undefined) throw batchGone(execution, batchId)
  const { originJobExecutionId, steps } = batch
  const stepNames = steps.map(({ stepName }) => stepName)
  const whole = await withPartitionSteps(parts.repository, job, originJobExecutionId, stepNames)
  return redriving(parts, whole, { batchId, originJobExecutionId, stepNames })
}

function batchGone({ id }: JobExecution, batchId: string): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `Execution ${id} redrives batch ${batchId} of the quarantine, which has been deleted with its items. There is nothing to go on with.`,
    { details: { jobExecutionId: id, batchId } },
  )
}

function nothingToRedrive(jobExecutionId: string, plan: RedrivePlan | undefined): BatchError {
  const parts = plan?.parts ?? []
  const left = parts.map(
    ({ stepName, phase, items, obstacle }) =>
      `\n  ${items} of step ${stepName}, phase ${phase}: ${obstacle ?? 'taken by another redrive meanwhile'}`,
  )
  const why = left.length === 0 ? 'No item of it waits in the quarantine.' : `There wait:${left.join('')}`
  return new BatchError(
    'NOTHING_TO_REDRIVE',
    `Nothing of execution ${jobExecutionId} can be redriven, and nothing was started. ${why}`,
    { details: { jobExecutionId, parts } },
  )
}
