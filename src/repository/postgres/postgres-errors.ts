/** What an error of `pg` or TypeORM means for the job repository. */
import { BatchError, isBatchError } from '../../core/model/batch-error.ts'
import type { RepositoryAddress } from './repository-options.ts'

export const DIVISION_BY_ZERO = '22012'
export const UNIQUE_VIOLATION = '23505'
export const IN_FAILED_TRANSACTION = '25P02'
export const UNDEFINED_TABLE = '42P01'
export const UNDEFINED_SCHEMA = '3F000'

/** A standby, or a database that was made read-only because its disk is full: that is over in new sessions only. */
const READ_ONLY = '25006'
/** The server ended the session, could not open one, or takes no writes in it. Class 08 is added to these. */
const LOST_STATES = ['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53300', READ_ONLY]
const LOST_SOCKETS = [
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
  'ERR_STREAM_DESTROYED',
]
/** Errors that carry no code; TypeORM's tell that the connection died under the query runner. */
const LOST_NAMES = ['QueryRunnerProviderAlreadyReleasedError', 'QueryRunnerAlreadyReleasedError']
const LOST_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout (expired|exceeded))/

/** The SQLSTATE or the system's code, also through TypeORM's QueryFailedError. */
export function errorCode(error: unknown): string | undefined {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } }
  const found = code ?? driverError?.code
  return typeof found === 'string' ? found : undefined
}

export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = errorCode(error)
  if (code !== undefined && (LOST_STATES.includes(code) || LOST_SOCKETS.includes(code))) return true
  if (code !== undefined && /^08...$/.test(code)) return true
  return LOST_NAMES.includes(error.name) || LOST_MESSAGES.test(error.message)
}

/** When no connection could be opened at all. */
export function unavailable({ server, tables }: RepositoryAddress, cause: unknown): BatchError {
  return new BatchError(
    'REPOSITORY_UNAVAILABLE',
    `the job repository at postgres ${server} cannot be reached: ${messageOf(cause)}; check that the server runs ` +
      'and that DATABASE_URL, or the repository in batchwright.config.ts, names it with a user that may connect',
    { details: { server, schema: tables.schema }, cause },
  )
}

/** What is known of a statement or transaction whose connection was lost; `read`: it would have changed nothing. */
export type LossOutcome = 'nothing-committed' | 'unknown' | 'read'

const OUTCOME_TEXTS: Readonly<Record<LossOutcome, string>> = {
  'nothing-committed': '; nothing of it was committed, so it can be done again when the server is back',
  unknown:
    '; whether it was committed is not known: see what is recorded when the server is back, before it is done again ' +
    '(the next start of a job does so by itself)',
  read: '; ask again when the server is back',
}

/** A lost connection becomes REPOSITORY_UNAVAILABLE, which says what is known; anything else stays what it is. */
export function classified(
  error: unknown,
  { server }: RepositoryAddress,
  doing: string,
  outcome: LossOutcome,
): unknown {
  if (isBatchError(error) || !isConnectionLoss(error)) return error
  const fate = errorCode(error) === READ_ONLY ? 'took no writes' : 'was lost'
  // Without the cause's text: whoever shows an error shows its causes, and would say it twice.
  return new BatchError(
    'REPOSITORY_UNAVAILABLE',
    `the connection to the job repository at postgres ${server} ${fate} while ${doing}${OUTCOME_TEXTS[outcome]}`,
    { details: { server, outcome }, cause: error },
  )
}

/** Does `action`; a connection that is lost while it does is told of as `classified` tells it. */
export type During = <T>(doing: string, outcome: LossOutcome, action: () => Promise<T>) => Promise<T>

export function duringOn(address: RepositoryAddress): During {
  return async (doing, outcome, action) => {
    try {
      return await action()
    } catch (error) {
      throw classified(error, address, doing, outcome)
    }
  }
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
