/** The one error class of the framework: a stable code, the facts that belong to it, and what to do next. */

/**
 * Every code with the process exit code it leads to. `docs/errors.md` lists each with its cause and remedy; a test
 * keeps that list and this one equal.
 */
export const BATCH_ERRORS = {
  INVALID_JOB_DEFINITION: { exitCode: 2 },
  INVALID_JOB_PARAMETERS: { exitCode: 2 },
  INVALID_CONFIGURATION: { exitCode: 2 },
  INVALID_SCHEDULE: { exitCode: 2 },
  NO_SUCH_JOB: { exitCode: 2 },
  NO_SUCH_SCHEDULE: { exitCode: 2 },
  NO_SUCH_JOB_EXECUTION: { exitCode: 2 },
  NO_SUCH_WEBHOOK: { exitCode: 2 },
  NO_SUCH_DELIVERY: { exitCode: 2 },
  WEBHOOK_DISABLED: { exitCode: 6 },
  JOB_INSTANCE_ALREADY_COMPLETE: { exitCode: 4 },
  JOB_EXECUTION_ALREADY_RUNNING: { exitCode: 5 },
  IDEMPOTENCY_KEY_REUSED: { exitCode: 2 },
  JOB_RESTART_REFUSED: { exitCode: 6 },
  JOB_EXECUTION_STILL_RUNNING: { exitCode: 6 },
  JOB_EXECUTION_NOT_RUNNING: { exitCode: 6 },
  JOB_EXECUTION_FOLLOWED: { exitCode: 6 },
  ABANDON_REFUSED: { exitCode: 6 },
  JOB_DEFINITION_CHANGED: { exitCode: 6 },
  START_LIMIT_EXCEEDED: { exitCode: 6 },
  REPOSITORY_UNAVAILABLE: { exitCode: 7 },
  SCHEMA_OUTDATED: { exitCode: 7 },
  SCHEMA_REFUSED: { exitCode: 7 },
  EMBEDDED_POSTGRES_UNAVAILABLE: { exitCode: 7 },
  AT_CAPACITY: { exitCode: 7 },
  SERVER_DRAINING: { exitCode: 7 },
  PORT_UNAVAILABLE: { exitCode: 7 },
  SERVER_UNREACHABLE: { exitCode: 7 },
  POOL_PROCESS_DIED: { exitCode: 7 },
  OPTIONAL_PACKAGE_MISSING: { exitCode: 2 },
  SERVER_UNAVAILABLE: { exitCode: 1 },
  PRODUCER_FENCED: { exitCode: 1 },
  LEASE_LOST: { exitCode: 1 },
  OPTIMISTIC_LOCK_FAILED: { exitCode: 1 },
  EXECUTION_CONTEXT_UNREADABLE: { exitCode: 6 },
  TRANSACTION_RESOURCE_MISSING: { exitCode: 2 },
  NO_SUCH_QUARANTINED_ITEM: { exitCode: 2 },
  NOTHING_TO_REDRIVE: { exitCode: 4 },
  REDRIVE_REFUSED: { exitCode: 6 },
  RECONCILIATION_FAILED: { exitCode: 1 },
  READ_FAILED: { exitCode: 1 },
  PROCESS_FAILED: { exitCode: 1 },
  WRITE_FAILED: { exitCode: 1 },
  SKIP_LIMIT_EXCEEDED: { exitCode: 1 },
  CHECKPOINT_REFUSED: { exitCode: 6 },
  INPUT_CHANGED: { exitCode: 6 },
  PARTITIONS_FAILED: { exitCode: 1 },
  WORKER_FAILED: { exitCode: 1 },
  INVALID_READER_OPTIONS: { exitCode: 2 },
  INVALID_WRITER_OPTIONS: { exitCode: 2 },
  PROMOTED_KEY_MISSING: { exitCode: 1 },
  ITEM_INVALID: { exitCode: 1 },
  JOB_STEP_FAILED: { exitCode: 1 },
  ABORTED: { exitCode: 1 },
} as const

export type BatchErrorCode = keyof typeof BATCH_ERRORS

export interface BatchErrorFacts {
  /** The actual values: ids, paths, names. They are logged and shown as JSON, so never put secrets here. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

const BRAND = Symbol.for('batchwright.BatchError')

/**
 * Something that the framework could not or would not do. The message says what happened with the actual values and
 * what to do next; `code` is stable across versions; `cause` keeps the first error.
 */
export class BatchError extends Error {
  readonly code: BatchErrorCode
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: BatchErrorCode, message: string, facts: BatchErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'BatchError'
    this.code = code
    this.details = facts.details ?? {}
    Object.defineProperty(this, BRAND, { value: true })
  }
}

/** Recognises a BatchError by brand, not by class, so that it works across two copies of the package. */
export function isBatchError(error: unknown, code?: BatchErrorCode): error is BatchError {
  if (!(error instanceof Error) || !(BRAND in error)) return false
  return code === undefined || (error as unknown as BatchError).code === code
}
