/** What failures in a transaction mean for it: fenced, to be aborted, or nobody's fault. */
import { isBatchError } from '../core/model/batch-error.ts'
import { thrownText } from '../core/model/error-description.ts'
import type { DriverError } from './confluent-driver.ts'
import type { KafkaSendFailure } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'

/** Of a producer whose id, or the epoch of it, is somebody else's. Fatal ones have no other cause in a transactional producer. */
const FENCED: readonly number[] = [
  KAFKA_CODE.fenced,
  KAFKA_CODE.fatal,
  KAFKA_CODE.invalidProducerEpoch,
  KAFKA_CODE.producerFenced,
]

/** Purged, or behind a gap in the numbers of a partition's records. */
const GIVEN_UP: readonly number[] = [
  KAFKA_CODE.purgedInQueue,
  KAFKA_CODE.purgedInFlight,
  KAFKA_CODE.outOfOrderSequence,
]

export function isFenced(error: unknown): boolean {
  return error instanceof KafkaError && FENCED.includes(error.code)
}

/** It says nothing about the record. */
export function isGivenUp({ error }: KafkaSendFailure): boolean {
  return error instanceof KafkaError && GIVEN_UP.includes(error.code)
}

export function recordsRefused(transactionalId: string): KafkaError {
  return new KafkaError(`${transactionalId}: records of the transaction were refused`, {
    code: KAFKA_CODE.state,
    retriable: false,
  })
}

export function refusedAsBatch(description: string): KafkaError {
  return new KafkaError(
    `${description}: the brokers take each of the records, and not all of them together. ` +
      "Lower 'batch.size' in the settings of kafka() below the topic's max.message.bytes.",
    { code: KAFKA_CODE.recordTooLarge, retriable: false },
  )
}

export function isFencedRefusal(error: unknown): boolean {
  return isBatchError(error, 'PRODUCER_FENCED')
}

export function requiresAbort(error: unknown): boolean {
  const { cause } = error instanceof KafkaError ? error : {}
  return (cause as Partial<DriverError> | undefined)?.isTxnRequiresAbort === true
}

/** In words. What failed before it mostly says why. */
export function notAborted(transactionalId: string, error: unknown, firstFailure: Error | undefined): string {
  const before = firstFailure === undefined ? '' : `, behind "${firstFailure.message}"`
  return `the transaction of ${transactionalId} could not be aborted${before} (${thrownText(error)})`
}
