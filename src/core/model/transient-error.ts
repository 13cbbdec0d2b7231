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

/** Kafka's client: transport, names, time-outs, no broker or coordinator, a full queue, a purge. */
const KAFKA_CLIENT_CODES = [-195, -193, -192, -187, -185, -184, -180, -153, -152, -151]
/** What Kafka's brokers answer while leaders move, replicas are missing, or too much is asked of them. */
const KAFKA_BROKER_CODES = [2, 3, 5, 6, 7, 8, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 74, 75, 78, 88, 89, 100]
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
 * writes; Cassandra's nodes overloaded, too few or away. Any item would fail with it.
 */
export function isServerTrouble(error: unknown): boolean {
  return causeChain(error).some((one) => {
    const code = driverCode(one)
    return (typeof code === 'string' && SERVER_TROUBLE.test(code)) || isCassandraAway(one)
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
  if (typeof code === 'number' && /kafka/i.test(error.name))
    return retriable !== false && isTransientKafkaCode(code)
  return isCassandraAway(error)
}

function isCassandraAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = driverCode(error)
  if (typeof code === 'number' && error.name === 'ResponseError') return CQL_CODES.includes(code)
  return CQL_NAMES.includes(error.name)
}

export function isTransientKafkaCode(code: number): boolean {
  return KAFKA_CLIENT_CODES.includes(code) || KAFKA_BROKER_CODES.includes(code)
}

/** SQLSTATE, socket or broker code, also through TypeORM's QueryFailedError. */
export function driverCode(error: unknown): unknown {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } }
  return code ?? driverError?.code
}
