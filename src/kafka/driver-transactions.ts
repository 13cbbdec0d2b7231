/** Transactions of the driver behind the port: one call after the other, each again until its outcome is known. */
import { setTimeout } from 'node:timers/promises'
import { untilAborted } from '../core/model/until-aborted.ts'
import type { Answer, DriverConsumer, DriverGroupOffset, DriverProducer } from './confluent-driver.ts'
import { type Sender, sendFinding } from './driver-producer.ts'
import { atMost, called, kafkaError, retried } from './driver-call.ts'
import type {
  KafkaGroupOffset,
  KafkaOutput,
  KafkaSendFailure,
  KafkaTransactions,
  TopicPartition,
} from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { outcomeUnknown, producerFenced } from './kafka-refusals.ts'
import type { DriverSendFailure } from './find-refused.ts'
import { exactOffset } from './read-positions.ts'
import {
  isFenced,
  isFencedRefusal,
  isGivenUp,
  notAborted,
  recordsRefused,
  refusedAsBatch,
  requiresAbort,
} from './transaction-faults.ts'

/** One call holds one of libuv's threads so long; then it is made again, which the driver takes as the same. */
const CALL_MILLISECONDS = 10_000
const PAUSE_MILLISECONDS = 250
const RETRY_MILLISECONDS = 75_000
const ABORT_AT_CLOSE_MILLISECONDS = 5000

/**
 * idle → begin → open → commit or abort → idle; for good: uncertain behind a commit without an outcome, fenced where the
 * brokers have said so.
 */
type State = 'idle' | 'open' | 'uncertain' | 'fenced'

export interface DriverTransactionsParts {
  readonly producer: DriverProducer
  /** Of the group that is named like the transactional id. */
  readonly consumer: DriverConsumer
  readonly transactionalId: string
  readonly description: string
  readonly signal: AbortSignal
}

export interface DriverTransactions extends KafkaTransactions {
  /** @throws BatchError PRODUCER_FENCED where a failure says so; a KafkaError where no transaction is open */
  readonly sending: (
    send: Sender['send'],
    records: readonly KafkaOutput[],
  ) => Promise<readonly KafkaSendFailure[]>
  /** Aborts what is open, within a bounded time. */
  readonly end: () => Promise<void>
}

export function driverTransactions(parts: DriverTransactionsParts): DriverTransactions {
  const { producer, consumer, transactionalId, description, signal } = parts
  let state: State = 'idle'
  /** Of the open transaction. */
  let sent = 0
  let isBroken = false
  let firstFailure: Error | undefined
  /** Why nothing more can be done. */
  let ended = `the last commit of ${transactionalId} was not answered`
  const outOfTurn = (): KafkaError =>
    new KafkaError(
      state === 'uncertain'
        ? `${ended}: nothing more can be done with this producer`
        : `${transactionalId}: ${state === 'open' ? 'a transaction is open already' : 'no transaction is open'}`,
      { code: KAFKA_CODE.state, retriable: false },
    )
  const assertState = (expected: 'idle' | 'open'): void => {
    if (state === 'fenced') throw producerFenced(transactionalId)
    if (state !== expected) throw outOfTurn()
  }
  const call = async (doing: string, one: (answer: Answer) => void): Promise<void> => {
    try {
      await untilKnown(`${description}: ${doing} of ${transactionalId}`, one, parts)
    } catch (error) {
      if (isFencedRefusal(error)) state = 'fenced'
      throw error
    }
  }
  const abortOpen = async (): Promise<void> => {
    await call('aborting the transaction', (answer) => producer.abortTransaction(CALL_MILLISECONDS, answer))
    state = 'idle'
  }
  const begin = async (): Promise<void> => {
    await call('beginning a transaction', (answer) => producer.beginTransaction(answer))
    state = 'open'
    sent = 0
    isBroken = false
    firstFailure = undefined
  }
  const sendUnfenced = async (send: Sender['send'], records: readonly KafkaOutput[]) => {
    sent += records.length
    const failures = await send(records)
    firstFailure ??= failures[0]?.error
    const fenced = failures.find(({ error }) => isFenced(error))
    if (fenced === undefined) return failures
    state = 'fenced'
    throw producerFenced(transactionalId, fenced.error)
  }
  /** The first transaction behind one with a refused record fails as well: the driver counts its records anew only then. */
  const sendAnew = async (send: Sender['send'], records: readonly KafkaOutput[]) => {
    for (let left = 2; ; left -= 1) {
      await abortOpen()
      await begin()
      const failures = await sendUnfenced(send, records)
      if (left === 0 || !failures.some(isGivenUp)) return failures
    }
  }
  /** The first error says why. Where the abort fails as well, the brokers abort at the transaction's timeout. */
  const abortAndThrow = async (error: unknown): Promise<never> => {
    if (!(error instanceof KafkaError) || signal.aborted) throw error
    try {
      await abortOpen()
    } catch (second) {
      if (isFencedRefusal(second)) throw second
      if (state === 'open') state = 'uncertain'
    }
    throw error
  }
  return {
    sending: async (send, records) => {
      assertState('open')
      const isFirst = sent === 0
      let refusedTogether = false
      const first = async (): Promise<readonly DriverSendFailure[]> => {
        const failures = await sendUnfenced(send, records)
        return isFirst && failures.some(isGivenUp) ? sendAnew(send, records) : failures
      }
      const failures = await sendFinding(first, records, (part) => {
        refusedTogether = true
        return sendAnew(send, part)
      })
      if (!refusedTogether) return failures
      isBroken = true // it holds only what was sent last
      if (failures.length === 0) throw refusedAsBatch(description)
      return failures
    },
    begin: async () => {
      signal.throwIfAborted()
      assertState('idle')
      await begin()
    },
    commit: async (offsets) => {
      signal.throwIfAborted()
      assertState('open')
      if (isBroken) await abortAndThrow(recordsRefused(transactionalId))
      try {
        if (offsets.length > 0) {
          const stored = offsets.map(driverOffset)
          await call('sending the offsets', (answer) =>
            producer.sendOffsetsToTransaction(stored, consumer, CALL_MILLISECONDS, answer),
          )
        }
      } catch (error) {
        await abortAndThrow(error)
      }
      try {
        await call('committing the transaction', (answer) =>
          producer.commitTransaction(CALL_MILLISECONDS, answer),
        )
        state = 'idle'
      } catch (error) {
        if (isFencedRefusal(error)) throw error
        if (requiresAbort(error)) await abortAndThrow(error)
        state = 'uncertain'
        throw outcomeUnknown(transactionalId, error)
      }
    },
    abort: async () => {
      if (state === 'idle') return
      assertState('open')
      try {
        await abortOpen()
      } catch (error) {
        if (state === 'open') state = 'uncertain'
        ended = notAborted(transactionalId, error, firstFailure)
        throw error
      }
    },
    committed: async (places) => {
      assertState('idle')
      return committedOffsets(parts, places)
    },
    end: async () => {
      if (state !== 'open') return
      const aborting = called('aborting', (answer: Answer) =>
        producer.abortTransaction(ABORT_AT_CLOSE_MILLISECONDS, answer),
      )
      await atMost(
        ABORT_AT_CLOSE_MILLISECONDS,
        aborting.catch(() => {}),
      )
    },
  }
}

/** Again while brokers are away or time is up: the driver goes on with the same call. */
export async function untilKnown(
  doing: string,
  call: (answer: Answer) => void,
  { transactionalId, signal }: Pick<DriverTransactionsParts, 'transactionalId' | 'signal'>,
): Promise<void> {
  for (;;) {
    try {
      await untilAborted(called(doing, call), signal)
      return
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      if (isFenced(error)) throw producerFenced(transactionalId, error)
      if (!error.retriable || requiresAbort(error)) throw error
      await untilAborted(setTimeout(PAUSE_MILLISECONDS), signal)
    }
  }
}

async function committedOffsets(
  { consumer, transactionalId, description, signal }: DriverTransactionsParts,
  places: readonly TopicPartition[],
): Promise<readonly KafkaGroupOffset[]> {
  const doing = `${description}: asking for the offsets of ${transactionalId}`
  const asked = places.map(({ topic, partition }) => ({ topic, partition }))
  const found = await retried(
    doing,
    (answer: Answer<readonly (DriverGroupOffset | Error)[]>) =>
      consumer.committed(asked, CALL_MILLISECONDS, answer),
    { milliseconds: RETRY_MILLISECONDS, signal },
  )
  return found.flatMap((one) => {
    if (one instanceof Error) throw kafkaError(doing, one)
    const { topic, partition, offset, metadata = '' } = one
    return offset === undefined || offset < 0 ? [] : [{ topic, partition, offset: BigInt(offset), metadata }]
  })
}

function driverOffset({ topic, partition, offset, metadata }: KafkaGroupOffset): DriverGroupOffset {
  return { topic, partition, offset: exactOffset(offset), metadata }
}
