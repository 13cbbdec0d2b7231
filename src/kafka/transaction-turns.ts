/** The turns of a producer's transactions: which call can come next, and after what none can. */
import { setTimeout } from 'node:timers/promises'
import { untilAborted } from '../core/model/until-aborted.ts'
import type { Answer, DriverProducer } from './confluent-driver.ts'
import { called } from './driver-call.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { producerFenced } from './kafka-refusals.ts'
import { isFenced, isFencedRefusal, requiresAbort } from './transaction-faults.ts'

/** One call holds one of libuv's threads so long; then it is made again, which the driver takes as the same. */
export const CALL_MILLISECONDS = 10_000
const PAUSE_MILLISECONDS = 250

/**
 * idle → begin → open → commit or abort → idle; for good: uncertain behind a commit or an abort without an outcome, fenced where
 * the brokers have said so.
 */
type State = 'idle' | 'open' | 'uncertain' | 'fenced'

/** Its calls throw a BatchError PRODUCER_FENCED, the signal's reason, or what makes the outcome known: a KafkaError. */
export interface TransactionTurns {
  readonly state: () => State
  /** @throws BatchError PRODUCER_FENCED; a KafkaError where it is not its turn */
  readonly assert: (expected: 'idle' | 'open') => void
  readonly begin: () => Promise<void>
  /** Changes no state. */
  readonly call: (doing: string, one: (answer: Answer) => void) => Promise<void>
  readonly commit: () => Promise<void>
  readonly abort: () => Promise<void>
  /** @throws BatchError PRODUCER_FENCED */
  readonly fence: (cause: unknown) => never
  /** What is open stays so for good, and nothing more can be done. */
  readonly giveUp: (why?: string) => void
}

export interface TransactionTurnsParts {
  readonly producer: DriverProducer
  readonly transactionalId: string
  readonly description: string
  readonly signal: AbortSignal
}

export function transactionTurns(parts: TransactionTurnsParts): TransactionTurns {
  const { producer, transactionalId, description } = parts
  let state: State = 'idle'
  let ended = `the last commit of ${transactionalId} was not answered`
  const call: TransactionTurns['call'] = async (doing, one) => {
    try {
      await untilKnown(`${description}: ${doing} of ${transactionalId}`, one, parts)
    } catch (error) {
      if (isFencedRefusal(error)) state = 'fenced'
      throw error
    }
  }
  return {
    state: () => state,
    call,
    assert: (expected) => {
      if (state === 'fenced') throw producerFenced(transactionalId)
      if (state === 'uncertain') throw outOfTurn(`${ended}: nothing more can be done with this producer`)
      if (state === expected) return
      const reason = state === 'open' ? 'a transaction is open already' : 'no transaction is open'
      throw outOfTurn(`${transactionalId}: ${reason}`)
    },
    begin: async () => {
      await call('beginning a transaction', (answer) => producer.beginTransaction(answer))
      state = 'open'
    },
    commit: async () => {
      await call('committing the transaction', (answer) =>
        producer.commitTransaction(CALL_MILLISECONDS, answer),
      )
      state = 'idle'
    },
    abort: async () => {
      await call('aborting the transaction', (answer) => producer.abortTransaction(CALL_MILLISECONDS, answer))
      state = 'idle'
    },
    fence: (cause) => {
      state = 'fenced'
      throw producerFenced(transactionalId, cause)
    },
    giveUp: (why = ended) => {
      ended = why
      if (state === 'open') state = 'uncertain'
    },
  }
}

function outOfTurn(message: string): KafkaError {
  return new KafkaError(message, { code: KAFKA_CODE.state, retriable: false })
}

/** Again while brokers are away or time is up: the driver goes on with the same call. */
export async function untilKnown(
  doing: string,
  call: (answer: Answer) => void,
  { transactionalId, signal }: Pick<TransactionTurnsParts, 'transactionalId' | 'signal'>,
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
