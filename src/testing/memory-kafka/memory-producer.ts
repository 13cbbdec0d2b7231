/** A producer for the log in memory, with transactions and fencing. */
import type {
  KafkaGroupOffset,
  KafkaProducer,
  KafkaProducerOptions,
  KafkaTransactions,
} from '../../kafka/kafka-client.ts'
import { KAFKA_CODE } from '../../kafka/kafka-code.ts'
import { KafkaError } from '../../kafka/kafka-error.ts'
import { outcomeUnknown, producerFenced } from '../../kafka/kafka-refusals.ts'
import { sendRecords } from './append-record.ts'
import { type MemoryBroker, placeName, type ProducerSession } from './memory-broker.ts'
import type { LogTransaction } from './partition-log.ts'

export function memoryProducer(broker: MemoryBroker, options: KafkaProducerOptions): KafkaProducer {
  const { transactionalId, signal } = options
  if (transactionalId !== undefined) return transactionalProducer(broker, transactionalId, signal)
  return {
    send: async (records) => {
      signal.throwIfAborted()
      broker.failures.meet('send')
      return sendRecords(broker, records, undefined).failures
    },
    close: async () => {},
  }
}

/**
 * idle → begin → open → commit or abort → idle. Behind a record that has failed on its way an open transaction can only be
 * aborted; behind a commit without an answer nothing can be done.
 */
interface Held {
  readonly id: string
  readonly session: ProducerSession
  isBroken: boolean
  isUncertain: boolean
  isFenced: boolean
}

function transactionalProducer(broker: MemoryBroker, id: string, signal: AbortSignal): KafkaProducer {
  const held: Held = {
    id,
    session: takeOver(broker, id),
    isBroken: false,
    isUncertain: false,
    isFenced: false,
  }
  const { session } = held
  const assertOwner = (): void => {
    held.isFenced ||= broker.sessions.get(id) !== session
    if (held.isFenced) throw producerFenced(id)
  }
  return {
    send: async (records) => {
      signal.throwIfAborted()
      broker.failures.meet('send')
      const transaction = openTransaction(broker, held)
      if (records.length > 0) assertOwner()
      const { failures, breaksTransaction } = sendRecords(broker, records, transaction)
      held.isBroken ||= breaksTransaction
      return failures
    },
    transactions: transactionsOf(broker, held, signal, assertOwner),
    close: async () => {
      if (broker.sessions.get(id) === session && !held.isUncertain) finish(broker, session, 'aborted')
    },
  }
}

function transactionsOf(
  broker: MemoryBroker,
  held: Held,
  signal: AbortSignal,
  assertOwner: () => void,
): KafkaTransactions {
  const { id, session } = held
  return {
    begin: async () => {
      broker.failures.meet('beginTransaction')
      if (held.isFenced) throw producerFenced(id)
      if (session.transaction !== undefined) throw outOfTurn('a transaction is open already')
      if (held.isUncertain) throw outOfTurn('the outcome of the last commit is not known')
      session.transaction = { state: 'open', touched: new Set() }
    },
    commit: async (offsets) => {
      const transaction = openTransaction(broker, held)
      await untilThereOrUnknown(broker, held, signal)
      // As with the real one: nothing is asked of a broker where there is nothing to commit.
      if (offsets.length > 0 || transaction.touched.size > 0) assertOwner()
      meetOrAbort(broker, held)
      const lost = broker.failures.lostAnswer()
      if (lost !== 'aborted') broker.storeOffsets(id, offsets)
      finish(broker, session, lost ?? 'committed')
      if (lost === undefined) return
      held.isUncertain = true
      throw outcomeUnknown(id, new KafkaError('planned: no answer', { code: KAFKA_CODE.timedOut }))
    },
    abort: async () => {
      broker.failures.meet('abortTransaction')
      if (session.transaction === undefined) return
      await broker.untilThere(signal)
      assertOwner()
      finish(broker, session, 'aborted')
      held.isBroken = false
    },
    committed: async (places) => {
      broker.failures.meet('committed')
      broker.assertThere()
      if (session.transaction !== undefined) throw outOfTurn('a transaction is open')
      const stored = new Map(broker.groupOffsets(id).map((offset) => [placeName(offset), offset]))
      return places
        .map((place) => stored.get(placeName(place)))
        .filter((offset): offset is KafkaGroupOffset => offset !== undefined)
    },
  }
}

/** As with the real one: who gives up waiting for a commit does not know what becomes of it. */
async function untilThereOrUnknown(broker: MemoryBroker, held: Held, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  try {
    await broker.untilThere(signal)
  } catch (error) {
    held.isUncertain = true
    throw outcomeUnknown(held.id, error)
  }
}

function meetOrAbort(broker: MemoryBroker, held: Held): void {
  try {
    broker.failures.meet('commitTransaction')
    if (held.isBroken)
      throw new KafkaError('a record of the transaction has failed', { code: KAFKA_CODE.state })
  } catch (error) {
    finish(broker, held.session, 'aborted')
    held.isBroken = false
    throw error
  }
}

function takeOver(broker: MemoryBroker, id: string): ProducerSession {
  const former = broker.sessions.get(id)
  // It has it still, and learns of its end when it asks for something.
  if (former?.transaction !== undefined) broker.end(former.transaction, 'aborted')
  const session: ProducerSession = { transaction: undefined }
  broker.sessions.set(id, session)
  return session
}

function finish(broker: MemoryBroker, session: ProducerSession, outcome: 'committed' | 'aborted'): void {
  if (session.transaction === undefined) return
  broker.end(session.transaction, outcome)
  session.transaction = undefined
}

function openTransaction(broker: MemoryBroker, { session, isUncertain, id }: Held): LogTransaction {
  if (session.transaction !== undefined) return session.transaction
  if (broker.sessions.get(id) !== session) throw producerFenced(id)
  throw outOfTurn(`no transaction of ${id} is open${isUncertain ? ': the last commit was not answered' : ''}`)
}

function outOfTurn(reason: string): KafkaError {
  return new KafkaError(reason, { code: KAFKA_CODE.state, retriable: false })
}
