/** Which problem a refusal of the framework is. */
import { type BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'
import { Problem, type ProblemCode } from './problem.ts'

/** `unexpected`: nothing that a caller could have asked for leads there. */
const PROBLEM_OF: Readonly<Record<BatchErrorCode, ProblemCode>> = {
  INVALID_JOB_DEFINITION: 'unexpected',
  INVALID_JOB_PARAMETERS: 'invalid-parameters',
  INVALID_CONFIGURATION: 'invalid-request',
  INVALID_SCHEDULE: 'invalid-request',
  NO_SUCH_JOB: 'no-such-job',
  NO_SUCH_SCHEDULE: 'no-such-schedule',
  NO_SUCH_JOB_EXECUTION: 'no-such-execution',
  JOB_INSTANCE_ALREADY_COMPLETE: 'instance-complete',
  JOB_EXECUTION_ALREADY_RUNNING: 'instance-running',
  IDEMPOTENCY_KEY_REUSED: 'idempotency-key-reused',
  JOB_EXECUTION_FOLLOWED: 'not-restartable',
  JOB_RESTART_REFUSED: 'not-restartable',
  JOB_EXECUTION_STILL_RUNNING: 'still-running',
  JOB_EXECUTION_NOT_RUNNING: 'not-running',
  ABANDON_REFUSED: 'not-abandonable',
  JOB_DEFINITION_CHANGED: 'definition-changed',
  START_LIMIT_EXCEEDED: 'not-restartable',
  REPOSITORY_UNAVAILABLE: 'database-unavailable',
  SCHEMA_OUTDATED: 'database-unavailable',
  SCHEMA_REFUSED: 'database-unavailable',
  EMBEDDED_POSTGRES_UNAVAILABLE: 'database-unavailable',
  AT_CAPACITY: 'at-capacity',
  SERVER_DRAINING: 'draining',
  WORKER_PROCESS_DIED: 'process-died',
  PORT_UNAVAILABLE: 'unexpected',
  SERVER_UNREACHABLE: 'unexpected',
  OPTIONAL_PACKAGE_MISSING: 'unexpected',
  SERVER_UNAVAILABLE: 'unexpected',
  PRODUCER_FENCED: 'unexpected',
  LEASE_LOST: 'unexpected',
  OPTIMISTIC_LOCK_FAILED: 'unexpected',
  EXECUTION_CONTEXT_UNREADABLE: 'not-restartable',
  TRANSACTION_RESOURCE_MISSING: 'unexpected',
  NO_SUCH_QUARANTINED_ITEM: 'no-such-quarantined-item',
  NOTHING_TO_REDRIVE: 'nothing-to-redrive',
  REDRIVE_REFUSED: 'redrive-refused',
  RECONCILIATION_FAILED: 'unexpected',
  READ_FAILED: 'unexpected',
  PROCESS_FAILED: 'unexpected',
  WRITE_FAILED: 'unexpected',
  SKIP_LIMIT_EXCEEDED: 'unexpected',
  CHECKPOINT_REFUSED: 'unexpected',
  INPUT_CHANGED: 'unexpected',
  PARTITIONS_FAILED: 'unexpected',
  WORKER_FAILED: 'unexpected',
  INVALID_READER_OPTIONS: 'unexpected',
  INVALID_WRITER_OPTIONS: 'unexpected',
  PROMOTED_KEY_MISSING: 'unexpected',
  ITEM_INVALID: 'unexpected',
  JOB_STEP_FAILED: 'unexpected',
  ABORTED: 'unexpected',
  NO_SUCH_WEBHOOK: 'no-such-webhook',
  NO_SUCH_DELIVERY: 'no-such-delivery',
  WEBHOOK_DISABLED: 'webhook-disabled',
}

export function batchErrorProblem(error: BatchError): Problem {
  const code = codeOf(error)
  switch (code) {
    case 'unexpected':
      return unexpected(error)
    case 'database-unavailable':
      // Its message names host and database.
      return new Problem(
        code,
        'The job repository cannot be reached, or its tables are not current. Ask again.',
        {
          cause: error,
        },
      )
    case 'no-such-execution':
      return new Problem(code, `There is no job execution ${String(error.details['jobExecutionId'])}.`, {
        cause: error,
      })
    case 'no-such-quarantined-item':
      return new Problem(code, `The quarantine has no item ${String(error.details['id'])}.`, { cause: error })
    case 'invalid-parameters':
      return invalidParameters(error)
    default:
      return new Problem(code, error.message, { facts: { details: error.details }, cause: error })
  }
}

/** What it was stands in the log, under the id that the answer names. */
export function unexpected(cause: unknown): Problem {
  return new Problem(
    'unexpected',
    'The server met an error of its own. Its log has it, under the requestId of this answer.',
    { cause },
  )
}

function codeOf({ code, details }: BatchError): ProblemCode {
  return code === 'JOB_RESTART_REFUSED' && details['status'] === 'ABANDONED'
    ? 'instance-abandoned'
    : PROBLEM_OF[code]
}

function invalidParameters(error: BatchError): Problem {
  const { faults } = error.details
  const errors = Array.isArray(faults) ? faults.map((fault) => parameterFault(String(fault))) : []
  return new Problem('invalid-parameters', 'The parameters are not valid; nothing was started.', {
    facts: { errors },
    cause: error,
  })
}

/** `to: expected a number, got "x"` */
function parameterFault(fault: string): Readonly<Record<string, unknown>> {
  const [, name = '', detail = fault] = /^(.*?): (.*)$/s.exec(fault) ?? []
  return { pointer: pointer(['parameters', name]), detail }
}

/** A JSON pointer as the fragment of a URL, as RFC 9457 shows it. */
export function pointer(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'))
  return `#${parts.map((part) => `/${encodeURIComponent(part)}`).join('')}`
}
