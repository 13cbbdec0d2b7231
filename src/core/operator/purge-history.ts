/** Deletes old executions job by job, in transactions that stay small. */
import { BatchError } from '../model/batch-error.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { NOTHING_PURGED, type PurgeableStatus, type PurgeCounts, type PurgeRequest } from '../ports/purge.ts'

export interface PurgeOptions {
  /** Only instances of which every execution ended before. */
  readonly endedBefore: Date
  /** The newest of a job, so many executions and instances, stay whatever they are. @default 10 */
  readonly keepLast?: number
  /** Only of this job. */
  readonly jobName?: string
  /** Of the latest execution of an instance. @default COMPLETED and ABANDONED: the others can still be restarted */
  readonly statuses?: readonly PurgeableStatus[]
  /** Also what has skipped items that no redrive has dealt with. @default false */
  readonly withQuarantined?: boolean
  /** Deletes nothing, and answers with what it would delete. @default false */
  readonly dryRun?: boolean
  /** Ends it between two transactions: the answer then has what was deleted by then. */
  readonly signal?: AbortSignal
}

export interface PurgeReport {
  /** Those of which anything was deleted. */
  readonly jobs: readonly PurgedJob[]
  readonly total: PurgeCounts
  /** The signal has ended it. */
  readonly stopped: boolean
}

export interface PurgedJob extends PurgeCounts {
  readonly jobName: string
}

const DEFAULT_KEEP_LAST = 10
/** Of one transaction. */
const INSTANCES = 100

export async function purgeHistory(
  repository: JobRepository,
  { jobName, signal, ...options }: PurgeOptions,
): Promise<PurgeReport> {
  const keepLast = options.keepLast ?? DEFAULT_KEEP_LAST
  if (!Number.isSafeInteger(keepLast) || keepLast < 0) throw wrongKeepLast(keepLast)
  const terms = {
    endedBefore: options.endedBefore,
    keepLast,
    statuses: options.statuses ?? (['COMPLETED', 'ABANDONED'] as const),
    withQuarantined: options.withQuarantined ?? false,
    dryRun: options.dryRun ?? false,
    limit: INSTANCES,
  }
  const jobs: PurgedJob[] = []
  for (const name of await repository.listJobNames()) {
    if (jobName !== undefined && name !== jobName) continue
    const counts = await purgeJob(repository, { ...terms, jobName: name }, signal)
    if (counts.instances > 0) jobs.push({ jobName: name, ...counts })
  }
  return { jobs, total: jobs.reduce(addPurged, NOTHING_PURGED), stopped: signal?.aborted === true }
}

async function purgeJob(
  repository: JobRepository,
  request: PurgeRequest,
  signal: AbortSignal | undefined,
): Promise<PurgeCounts> {
  let counts = NOTHING_PURGED
  let after: string | null = '0'
  while (after !== null && signal?.aborted !== true) {
    const { next, ...part } = await repository.purge({ ...request, after })
    counts = addPurged(counts, part)
    after = next
  }
  return counts
}

function addPurged(one: PurgeCounts, other: PurgeCounts): PurgeCounts {
  return {
    instances: one.instances + other.instances,
    executions: one.executions + other.executions,
    steps: one.steps + other.steps,
    quarantined: one.quarantined + other.quarantined,
  }
}

function wrongKeepLast(keepLast: number): BatchError {
  return new BatchError(
    'INVALID_CONFIGURATION',
    `keepLast is ${keepLast}; it must be a whole number from 0 on. Nothing was deleted.`,
    { details: { keepLast } },
  )
}
