/** Transactions of the driver behind the port: records and offsets go into the open one, and its outcome is known or said to be not. */
import type { Answer, DriverConsumer, DriverGroupOffset } from './confluent-driver.ts'
import { type Sender, sendFinding } from './driver-producer.ts'
import { atMost, called, kafkaError, retried } from './driver-call.ts'
import type { DriverSendFailure } from './find-refused.ts'
import type {
  KafkaGroupOffset,
  KafkaOutput,
  KafkaSendFailure,
  KafkaTransactions,
  TopicPartition,
} from './kafka-client.ts'
import { KafkaError } from './kafka-error.ts'
import { outcomeUnknown } from './kafka-refusals.ts'
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
import {
  CALL_MILLISECONDS,
  type TransactionTurns,
  transactionTurns,
  type TransactionTurnsParts,
} from './transaction-turns.ts'

const RETRY_MILLISECONDS = 75_000
const ABORT_AT_CLOSE_MILLISECONDS = 5000

export interface DriverTransactionsParts extends TransactionTurnsParts {
  /** Of the group that is named like the transactional id. */
  readonly consumer: DriverConsumer
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

/** The open transaction. */
interface OpenTransaction {
  sent: number
  /** It holds only what was sent last. */
  isBroken: boolean
  firstFailure?: Error
}

export function driverTransactions(parts: DriverTransactionsParts): DriverTransactions {
  const { producer, transactionalId, description, signal } = parts
  const turns = transactionTurns(parts)
  let open: OpenTransaction = { sent: 0, isBroken: false }
  const begin = async (): Promise<void> => {
    await turns.begin()
    open = { sent: 0, isBroken: false }
  }
  const sendUnfenced = async (send: Sender['send'], records: readonly KafkaOutput[]) => {
    open.sent += records.length
    const failures = await send(records)
    const [first] = failures
    if (first !== undefined) open.firstFailure ??= first.error
    const fenced = failures.find(({ error }) => isFenced(error))
    return fenced === undefined ? failures : turns.fence(fenced.error)
  }
  /** The first transaction behind one with a refused record fails as well: the driver counts its records anew only then. */
  const sendAnew = async (send: Sender['send'], records: readonly KafkaOutput[]) => {
    for (let left = 2; ; left -= 1) {
      await turns.abort()
      await begin()
      const failures = await sendUnfenced(send, records)
      if (left === 0 || !failures.some(isGivenUp)) return failures
    }
  }
  return {
    sending: async (send, records) => {
      turns.assert('open')
      const isFirst = open.sent === 0
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
      open.isBroken = true
      if (failures.length === 0) throw refusedAsBatch(description)
      return failures
    },
    begin: async () => {
      signal.throwIfAborted()
      turns.assert('idle')
      await begin()
    },
    commit: async (offsets) => {
      signal.throwIfAborted()
      turns.assert('open')
      if (open.isBroken) await abortAndThrow(turns, signal, recordsRefused(transactionalId))
      await sendOffsets(parts, turns, offsets)
      await commitOpen(parts, turns)
    },
    abort: async () => {
      if (turns.state() === 'idle') return
      turns.assert('open')
      try {
        await turns.abort()
      } catch (error) {
        turns.giveUp(notAborted(transactionalId, error, open.firstFailure))
        throw error
      }
    },
    committed: async (places) => {
      turns.assert('idle')
      return committedOffsets(parts, places)
    },
    end: async () => {
      if (turns.state() !== 'open') return
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

async function sendOffsets(
  { producer, consumer, signal }: DriverTransactionsParts,
  turns: TransactionTurns,
  offsets: readonly KafkaGroupOffset[],
): Promise<void> {
  if (offsets.length === 0) return
  try {
    const stored = offsets.map(driverOffset)
    await turns.call('sending the offsets', (answer) =>
      producer.sendOffsetsToTransaction(stored, consumer, CALL_MILLISECONDS, answer),
    )
  } catch (error) {
    await abortAndThrow(turns, signal, error)
  }
}

async function commitOpen(
  { transactionalId, signal }: DriverTransactionsParts,
  turns: TransactionTurns,
): Promise<void> {
  try {
    await turns.commit()
  } catch (error) {
    if (isFencedRefusal(error)) throw error
    if (requiresAbort(error)) await abortAndThrow(turns, signal, error)
    turns.giveUp()
    throw outcomeUnknown(transactionalId, error)
  }
}

/** The first error says why. Where the abort fails as well, the brokers abort at the transaction's timeout. */
async function abortAndThrow(turns: TransactionTurns, signal: AbortSignal, error: unknown): Promise<never> {
  if (!(error instanceof KafkaError) || signal.aborted) throw error
  try {
    await turns.abort()
  } catch (second) {
    if (isFencedRefusal(second)) throw second
    turns.giveUp()
  }
  throw error
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
