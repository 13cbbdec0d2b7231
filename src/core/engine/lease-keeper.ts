/** Keeps the lease of a running execution, and ends the run when it is lost. */
import { setTimeout } from 'node:timers/promises'
import { BatchError } from '../model/batch-error.ts'
import type { BatchStatus } from '../model/batch-status.ts'
import type { Claim, JobRepository } from '../ports/job-repository.ts'
import type { Logger } from '../ports/logger.ts'

export interface LeaseKeeper {
  /** Stops beating. A beat under way is waited for, but not for long. */
  readonly close: () => Promise<void>
}

export interface LeaseKeeping {
  readonly repository: JobRepository
  readonly claim: Claim
  readonly leaseMilliseconds: number
  readonly logger: Logger
  readonly onLost: (error: BatchError) => void
  /** After each beat, with the status that the execution has in the repository. */
  readonly onStatus: (jobStatus: BatchStatus) => void
}

/**
 * Beats three times in a lease. A beat that fails is tried again at the next turn; when none has been answered for a whole
 * lease by the monotonic clock, somebody else may own the execution already, so the run ends. This is courtesy: what
 * protects the data is the check of the generation inside every commit.
 */
export function keepLease(keeping: LeaseKeeping): LeaseKeeper {
  const { leaseMilliseconds, logger } = keeping
  let lastBeat = performance.now()
  let beating: Promise<void> | undefined
  const lose = (reason: string) => {
    clearInterval(timer)
    keeping.onLost(leaseLost(keeping.claim, reason))
  }
  const beat = async () => {
    const begun = performance.now()
    const answer = await keeping.repository.heartbeat(keeping.claim, leaseMilliseconds)
    if (answer.lease === 'lost') return lose('it was given to another owner')
    lastBeat = begun
    keeping.onStatus(answer.jobStatus)
  }
  const turn = () => {
    if (performance.now() - lastBeat > leaseMilliseconds)
      return lose('no heartbeat was answered for a whole lease')
    beating ??= beat()
      .catch((error: unknown) => logger.warn({ err: error }, 'the heartbeat failed; it is tried again'))
      .finally(() => (beating = undefined))
  }
  const timer = setInterval(turn, leaseMilliseconds / 3)
  return {
    close: async () => {
      clearInterval(timer)
      await Promise.race([beating, setTimeout(LAST_BEAT_MILLISECONDS, undefined, { ref: false })])
    },
  }
}

/** A beat that is never answered must not hold up the end of the run. */
const LAST_BEAT_MILLISECONDS = 1_000

function leaseLost({ jobExecutionId, generation }: Claim, reason: string): BatchError {
  return new BatchError(
    'LEASE_LOST',
    `Job execution ${jobExecutionId} no longer belongs to this process: ${reason}. ` +
      'Nothing more is written; whoever restarts it goes on after the last committed chunk.',
    { details: { jobExecutionId, generation } },
  )
}
