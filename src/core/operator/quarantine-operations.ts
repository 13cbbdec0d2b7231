/** What an operator does with quarantined items: look at them, and redrive them. */
import { BatchError } from '../model/batch-error.ts'
import type { QuarantineEntry } from '../model/quarantined-item.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type {
  QuarantineFilter,
  QuarantineSelection,
  QuarantineSummary,
  RedriveBatch,
} from '../ports/quarantine-store.ts'
import { findExecution } from './find-execution.ts'
import { termsOf } from './launch-terms.ts'
import type { OperatorParts } from './operator-parts.ts'
import { planRedrive, type RedrivePlan } from './plan-redrive.ts'
import { redriveBatchOf } from '../model/framework-parameters.ts'
import { launchRedrive } from './redrive.ts'
import { runLaunched, type StartedJob, type StartOptions } from './started-job.ts'

export interface QuarantineOperations {
  /** Newest first. */
  readonly listQuarantine: (filter: QuarantineFilter) => Promise<readonly QuarantineEntry[]>
  /** @throws BatchError NO_SUCH_QUARANTINED_ITEM */
  readonly findQuarantined: (id: string) => Promise<QuarantineEntry>
  /** @throws BatchError NO_SUCH_JOB_EXECUTION */
  readonly quarantineOf: (jobExecutionId: string) => Promise<ExecutionQuarantine>
  /** What `redrive` would do with these items, execution by execution. Nothing is changed. */
  readonly planRedrive: (selection: QuarantineSelection) => Promise<readonly RedrivePlan[]>
  /**
   * Runs the quarantined items of an execution, and nothing else, from the phase in which each has failed: in an instance of
   * its own, with the parameters of the execution. `restart` goes on with a redrive that has failed.
   * @throws BatchError NOTHING_TO_REDRIVE, NO_SUCH_JOB_EXECUTION, NO_SUCH_JOB, INVALID_JOB_PARAMETERS
   */
  readonly redrive: (
    originJobExecutionId: string,
    selection?: Omit<QuarantineSelection, 'jobExecutionId'>,
    options?: StartOptions,
  ) => Promise<StartedRedrive>
}

/** How an execution and the quarantine belong together. */
export interface ExecutionQuarantine {
  /** The items that it has quarantined, counted. */
  readonly items: readonly QuarantineSummary[]
  /** The redrives of those, oldest first. */
  readonly redrives: readonly RedriveBatch[]
  /** The batch that it redrives itself; undefined for any execution that is no redrive. */
  readonly redriveOf: RedriveBatch | undefined
}

export interface StartedRedrive extends StartedJob {
  /** It identifies the instance, as the parameter `batchwright.redrive`. */
  readonly batchId: string
  readonly items: number
}

export function quarantineOperations(parts: OperatorParts): QuarantineOperations {
  const { repository, registry } = parts
  const { quarantine } = repository
  return {
    listQuarantine: quarantine.list,
    findQuarantined: (id) => findQuarantined(repository, id),
    quarantineOf: async (jobExecutionId) => {
      const batchId = redriveBatchOf(await findExecution(repository, jobExecutionId))
      return {
        items: await quarantine.summarize({ jobExecutionId }),
        redrives: await quarantine.listBatches(jobExecutionId),
        redriveOf: batchId === undefined ? undefined : await quarantine.findBatch(batchId),
      }
    },
    planRedrive: (selection) => planRedrive(parts, selection),
    redrive: async (jobExecutionId, selection = {}, options = {}) => {
      const origin = await findExecution(repository, jobExecutionId)
      const job = registry.find(origin.jobInstance.jobName)
      const launching = { job, origin, selection, terms: termsOf(parts, job, options) }
      const { redrive, parsed, ...redriving } = await launchRedrive(parts, launching)
      const { batchId, items, launched } = redrive
      const started = runLaunched({ ...parts, ...redriving }, redriving.job, parsed, launched, options)
      return { ...started, batchId, items }
    },
  }
}

async function findQuarantined(repository: JobRepository, id: string): Promise<QuarantineEntry> {
  const found = await repository.quarantine.find(id)
  if (found !== undefined) return found
  throw new BatchError(
    'NO_SUCH_QUARANTINED_ITEM',
    `There is no item ${id} in the quarantine of ${repository.description}. batchwright quarantine list --all shows those that there are.`,
    { details: { id } },
  )
}
