/** Keeps the lease of a running execution, and ends the run when it is lost. */
import { setTimeout } from 'node:timers/promises'
import { BatchError } from '../model/batch-error.ts'
import type { BatchStatus } from '../model/batch-status.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Claim, HeartbeatAnswer } from '../ports/lease.ts'
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
 * Beats three times in a lease: in the repository's own thread where it has one, and here where it has none or that falls
 * silent. A beat that fails is tried again; when none has been answered for a whole lease by the monotonic clock, somebody else
 * may own the execution already, so the run ends: not every writer is protected by the check of the generation inside the
 * commit.
 */
export function keepLease(keeping: LeaseKeeping): LeaseKeeper {
  const { repository, claim, leaseMilliseconds, logger } = keeping
  let lastBeat = performance.now()
  let own: Promise<void> | undefined
  const end = (): void => {
    clearInterval(timer)
    thread?.close()
  }
  const lose = (reason: string): void => {
    end()
    keeping.onLost(leaseLost(claim, reason))
  }
  const heed = (answer: HeartbeatAnswer): void => {
    if (answer.lease === 'lost') lose('it was given to another owner')
    else keeping.onStatus(answer.jobStatus)
  }
  const onError = (error: unknown): void =>
    logger.warn({ err: error }, 'the heartbeat failed; it is tried again')
  const beat = async (): Promise<void> => {
    const begun = performance.now()
    const answer = await repository.heartbeat(claim, leaseMilliseconds)
    lastBeat = begun
    heed(answer)
  }
  const turn = (): void => {
    const silence = Math.min(performance.now() - lastBeat, thread?.silence() ?? Infinity)
    if (silence > leaseMilliseconds) return lose('no heartbeat was answered for a whole lease')
    if (thread !== undefined && silence < leaseMilliseconds / 2) return
    own ??= beat()
      .catch(onError)
      .finally(() => (own = undefined))
  }
  const timer = setInterval(turn, leaseMilliseconds / 3)
  const thread = repository.keepBeating?.(claim, leaseMilliseconds, { onAnswer: heed, onError })
  return {
    close: async () => {
      end()
      await Promise.race([own, setTimeout(LAST_BEAT_MILLISECONDS, undefined, { ref: false })])
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
