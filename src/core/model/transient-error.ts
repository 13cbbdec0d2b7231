/** Which errors pass by themselves, told by what drivers put on them, so that no driver is imported. */
import { isBatchError } from './batch-error.ts'
import { causeChain } from './error-description.ts'

const SERIALIZATION_FAILURE = '40001'
const DEADLOCK_DETECTED = '40P01'

/** Postgres ends or refuses sessions: shut down, crash, start, idle; too many connections. Class 08 belongs to them. */
const SESSION_STATES = ['57P01', '57P02', '57P03', '57P05', '25P03', '53300']
const LOCK_NOT_AVAILABLE = '55P03'
const SOCKETS = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ERR_STREAM_DESTROYED',
]
/** Classes 53 and 58; and 25006, a transaction that is read-only. */
const SERVER_TROUBLE = /^(?:53...|58...|25006)$/
const LOST_CONNECTION =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout exceeded when trying to connect)/

/** Kafka's codes: the local queue is full, transport, time-outs, no broker; then those that a broker answers. */
const KAFKA_CODES = [-184, -195, -185, -187, -192, 3, 5, 6, 7, 13, 14, 15, 16, 19, 20, 89]
/** The CQL protocol's: unavailable, overloaded, bootstrapping, write and read time-out. */
const CQL_CODES = [0x1000, 0x1001, 0x1002, 0x1100, 0x1200]
const CQL_NAMES = ['OperationTimedOutError', 'NoHostAvailableError', 'BusyConnectionError']

/**
 * Whether trying again may help: serialization failure, deadlock, a lock not to be had in time, lost or refused connections,
 * Kafka and Cassandra brokers that are overloaded or away. Looks at the error and at its causes.
 */
export function isTransient(error: unknown): boolean {
  return causeChain(error).some(passesByItself)
}

/**
 * Whether the error is about the transaction and not about what was written in it: then the transaction is rolled back as a
 * whole, and no item is ever blamed.
 */
export function isTransactionFault(error: unknown): boolean {
  return causeChain(error).some((one) => isRollback(driverCode(one)) || isConnectionLoss(one))
}

/**
 * Whether the server is in trouble and not the item: out of memory, disk or connections, an I/O error, a standby that takes no
 * writes. Any item would fail with it.
 */
export function isServerTrouble(error: unknown): boolean {
  return causeChain(error).some((one) => {
    const code = driverCode(one)
    return typeof code === 'string' && SERVER_TROUBLE.test(code)
  })
}

function passesByItself(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isTransient)
  const code = driverCode(error)
  if (isRollback(code) || code === LOCK_NOT_AVAILABLE || isConnectionLoss(error)) return true
  if (typeof code === 'string' && SOCKETS.includes(code)) return true
  return isBrokerAway(error)
}

function isRollback(code: unknown): boolean {
  return code === SERIALIZATION_FAILURE || code === DEADLOCK_DETECTED
}

function isConnectionLoss(error: unknown): boolean {
  if (isBatchError(error)) return error.code === 'REPOSITORY_UNAVAILABLE'
  const code = driverCode(error)
  if (typeof code === 'string') return SESSION_STATES.includes(code) || /^08...$/.test(code)
  return error instanceof Error && LOST_CONNECTION.test(error.message)
}

function isBrokerAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { isRetriable, retriable } = error as { isRetriable?: unknown; retriable?: unknown }
  if (isRetriable === true || retriable === true) return true
  const code = driverCode(error)
  if (typeof code === 'number' && /kafka/i.test(error.name)) return KAFKA_CODES.includes(code)
  if (typeof code === 'number' && error.name === 'ResponseError') return CQL_CODES.includes(code)
  return CQL_NAMES.includes(error.name)
}

/** SQLSTATE, socket or broker code, also through TypeORM's QueryFailedError. */
export function driverCode(error: unknown): unknown {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } }
  return code ?? driverError?.code
}
