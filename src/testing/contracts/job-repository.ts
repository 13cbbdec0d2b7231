/** What every job repository promises, as cases for any test runner. */
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { ContractCase } from '../contract.ts'
import { EVENT_PROMISES } from './job-repository-events.ts'
import { KEY_PROMISES } from './job-repository-keys.ts'
import { LAUNCH_PROMISES } from './job-repository-launch.ts'
import { LIST_PROMISES } from './job-repository-lists.ts'
import { PARTITION_PROMISES } from './job-repository-partitions.ts'
import { LOSS_PROMISES } from './job-repository-losses.ts'
import { OPERATE_PROMISES } from './job-repository-operate.ts'
import { PURGE_PROMISES } from './job-repository-purge.ts'
import { QUARANTINE_PROMISES } from './job-repository-quarantine.ts'
import { QUERY_PROMISES } from './job-repository-queries.ts'
import { SCHEDULE_PROMISES } from './job-repository-schedules.ts'
import { SAMPLE_PROMISES } from './job-repository-samples.ts'
import { STEP_PROMISES } from './job-repository-steps.ts'
import { WEBHOOK_PROMISES } from './job-repository-webhooks.ts'
import { type RepositoryTrial, repositoryTrial } from './repository-trial.ts'

/** `open` may answer repositories on the same data: every case works on jobs of its own. */
export function jobRepositoryContract(open: () => Promise<JobRepository>): readonly ContractCase[] {
  const promises = {
    ...LAUNCH_PROMISES,
    ...KEY_PROMISES,
    ...STEP_PROMISES,
    ...SAMPLE_PROMISES,
    ...PARTITION_PROMISES,
    ...OPERATE_PROMISES,
    ...LOSS_PROMISES,
    ...QUERY_PROMISES,
    ...LIST_PROMISES,
    ...QUARANTINE_PROMISES,
    ...SCHEDULE_PROMISES,
    ...EVENT_PROMISES,
    ...WEBHOOK_PROMISES,
    ...PURGE_PROMISES,
  }
  return Object.entries(promises).map(([promise, check]) => ({ promise, check: () => tried(open, check) }))
}

async function tried(
  open: () => Promise<JobRepository>,
  check: (trial: RepositoryTrial) => Promise<void>,
): Promise<void> {
  const repository = await open()
  try {
    await check(repositoryTrial(repository))
  } finally {
    await repository.close()
  }
}
