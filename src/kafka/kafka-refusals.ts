/** What everything that stands behind the port refuses, in the same words. */
import { BatchError } from '../core/model/batch-error.ts'
import type { KafkaBounds, KafkaPosition, TopicPartition } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'

export function unknownTopic(topic: string, description: string): BatchError {
  return new BatchError(
    'INVALID_READER_OPTIONS',
    `${description}: there is no topic ${topic}. Create it, or correct its name.`,
    { details: { topic } },
  )
}

export function unknownPartition({ topic, partition }: TopicPartition, description: string): BatchError {
  return new BatchError(
    'INVALID_READER_OPTIONS',
    `${description}: topic ${topic} has no partition ${partition}. Correct the partitions.`,
    { details: { topic, partition } },
  )
}

/** `bounds` where the topic is still there. */
export function offsetGone(
  { topic, partition, offset }: KafkaPosition,
  bounds: Pick<KafkaBounds, 'low' | 'end'> | undefined,
  description: string,
): BatchError {
  const now =
    bounds === undefined
      ? 'the topic or the partition was deleted, or created anew'
      : `it now begins at ${bounds.low} and ends before ${bounds.end}`
  return new BatchError(
    'INPUT_CHANGED',
    `${description}: offset ${offset}, the next to be read of topic ${topic}, partition ${partition}, is not there any more: ${now}. ` +
      'Records were deleted before they were read, as retention does. Start another instance, and let the topic keep its records longer.',
    {
      details: {
        topic,
        partition,
        offset: String(offset),
        ...(bounds && { low: String(bounds.low), end: String(bounds.end) }),
      },
    },
  )
}

export function producerFenced(transactionalId: string, cause?: unknown): BatchError {
  return new BatchError(
    'PRODUCER_FENCED',
    `The transactional id ${transactionalId} was taken over by another producer, or its transaction took longer than its timeout: ` +
      'this one can commit nothing more, and its open transaction is aborted. If another execution has gone on, nothing is to be done; ' +
      'else make chunks smaller or transactional.timeoutMilliseconds longer, and start again.',
    { details: { transactionalId }, cause },
  )
}

export function outcomeUnknown(transactionalId: string, cause: unknown): BatchError {
  return new BatchError(
    'WRITE_FAILED',
    `The commit of the transaction of ${transactionalId} was not answered: it may be committed or not. ` +
      'Start again: the next producer of this id settles it, and the offsets committed with it say what was.',
    { details: { transactionalId, outcome: 'unknown' }, cause },
  )
}

export function noSuchTopicToWrite(topic: string): KafkaError {
  return new KafkaError(`there is no topic ${topic}: create it, or correct its name`, {
    code: KAFKA_CODE.unknownTopic,
    retriable: false,
  })
}

export function noSuchPartitionToWrite({ topic, partition }: TopicPartition, partitions: number): KafkaError {
  return new KafkaError(`topic ${topic} has no partition ${partition}, but 0 to ${partitions - 1}`, {
    code: KAFKA_CODE.unknownPartition,
    retriable: false,
  })
}
