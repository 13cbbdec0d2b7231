/** Puts a repository, jobs and a log together into something that runs jobs. */
import { pino } from 'pino'
import type { JobDefinition } from './core/definition/define-job.ts'
import { BatchError } from './core/model/batch-error.ts'
import { createJobOperator, type JobOperator } from './core/operator/job-operator.ts'
import { createJobRegistry } from './core/operator/job-registry.ts'
import type { JobRepository } from './core/ports/job-repository.ts'
import type { Clock } from './core/ports/clock.ts'
import { DEFAULT_LEASE_MILLISECONDS } from './core/ports/lease.ts'
import type { Logger } from './core/ports/logger.ts'
import type { Tracing } from './core/ports/tracing.ts'
import { rehearsalRepository } from './repository/memory/rehearsal-repository.ts'
import { forkedWorkers } from './workers/forked-workers.ts'
import type { WorkerModule } from './workers/module-place.ts'
import { observedOperator } from './telemetry/observed-operator.ts'
import type { Tell } from './telemetry/observation.ts'
import { systemClock } from './process/system-clock.ts'
import { processIdentity, processRequester, processState } from './process/process-identity.ts'

export interface BatchOptions {
  readonly repository: JobRepository
  readonly jobs: readonly AnyJob[]
  /** @default pino on standard error, level `warn` */
  readonly logger?: Logger
  /**
   * After how many milliseconds without a heartbeat an execution may be taken over from a process that cannot be asked.
   * At least 1,000, and no shorter than the repository's, whose sessions would outlive it. @default the repository's, else 30_000
   */
  readonly leaseMilliseconds?: number
  /**
   * How worker processes make this batch again, for partitioned steps that ask for `processes`. The command line knows it by
   * itself. @default none: such a step is refused
   */
  readonly workers?: WorkerModule
  /** Who launches and stops, for the record. @default user, host and pid of this process */
  readonly by?: string
  /** Told of every launch and run of this batch, as data that can be sent elsewhere: for metrics. @default nobody */
  readonly observations?: Tell
  /** Spans of its runs, their steps and chunks: `openTelemetryTracing()` of `batchwright/telemetry`. @default none */
  readonly tracing?: Tracing
  /** For tests: what times are shown, and what a back-off waits for. @default the machine's */
  readonly clock?: Clock
}

export interface Batch extends AsyncDisposable {
  readonly operator: JobOperator
  readonly repository: JobRepository
  readonly logger: Logger
  /** As it was given: worker processes trace as their batch does. */
  readonly tracing?: Tracing
  /** Closes the repository. Executions under way should have ended. */
  readonly close: () => Promise<void>
}

/** A job whatever its parameters and steps are. */
export type AnyJob = JobDefinition

/**
 * Opens nothing.
 * @throws BatchError INVALID_JOB_DEFINITION, with every fault of every job; INVALID_CONFIGURATION for a lease too short to keep,
 * or shorter than the repository's.
 */
export function createBatch(options: BatchOptions): Batch {
  const { repository, jobs, tracing, observations } = options
  const leaseMilliseconds =
    options.leaseMilliseconds ?? repository.leaseMilliseconds ?? DEFAULT_LEASE_MILLISECONDS
  const logger = options.logger ?? pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true }))
  checkLease(leaseMilliseconds)
  checkSessions(leaseMilliseconds, repository)
  const registry = createJobRegistry(jobs)
  const owner = processIdentity()
  const ownOperator = createJobOperator({
    repository,
    registry,
    logger,
    leaseMilliseconds,
    clock: options.clock ?? systemClock,
    owner,
    by: options.by ?? processRequester(owner),
    processState: (other) => processState(other, owner),
    rehearsalOf: rehearsalRepository,
    ...(tracing && { tracing }),
    ...(options.workers === undefined ? {} : { workerProcesses: forkedWorkers(options.workers) }),
  })
  const operator = observations === undefined ? ownOperator : observedOperator(ownOperator, observations)
  let closing: Promise<void> | undefined
  const close = () => (closing ??= repository.close())
  return { operator, repository, logger, ...(tracing && { tracing }), close, [Symbol.asyncDispose]: close }
}

const SHORTEST_LEASE_MILLISECONDS = 1_000

function checkLease(leaseMilliseconds: number): void {
  if (Number.isSafeInteger(leaseMilliseconds) && leaseMilliseconds >= SHORTEST_LEASE_MILLISECONDS) return
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `leaseMilliseconds is ${leaseMilliseconds}; it must be a whole number from ${SHORTEST_LEASE_MILLISECONDS} on.`,
    { details: { leaseMilliseconds } },
  )
}

/** A longer one does no harm: sessions then give up sooner than they have to. */
function checkSessions(leaseMilliseconds: number, repository: JobRepository): void {
  const { leaseMilliseconds: ofSessions, description } = repository
  if (ofSessions === undefined || leaseMilliseconds >= ofSessions) return
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `leaseMilliseconds is ${leaseMilliseconds}, but the sessions of the repository (${description}) are made for a lease of ${ofSessions}: ` +
      'those of a frozen process would hold their locks longer than its lease. Give the repository the same leaseMilliseconds, ' +
      "and leave it out here: the repository's is the default.",
    { details: { leaseMilliseconds, ofSessions } },
  )
}
