/** Where a transactional writer keeps its marks: with offsets that are committed in its transactions. */
import { BatchError } from '../core/model/batch-error.ts'
import type { StoredCheckpoint } from '../core/model/json-value.ts'
import type { ReconciledCounts } from '../core/model/step-execution.ts'
import type { ChunkMark, KeptMark } from '../core/ports/own-transaction.ts'
import { decodeWindow, encodeWindow, KAFKA_READER_KIND, type LogWindow } from './kafka-checkpoint.ts'
import type { KafkaGroupOffset, KafkaTransactions, TopicPartition } from './kafka-client.ts'

export interface TransactionMarks {
  /** Commits the open transaction with the mark. @throws as `KafkaTransactions.commit` */
  readonly commit: (transactions: KafkaTransactions, mark: ChunkMark) => Promise<void>
  readonly find: (
    transactions: KafkaTransactions,
    reader: StoredCheckpoint | undefined,
  ) => Promise<KeptMark | undefined>
}

/**
 * Of a step that reads a log, the offsets of its topics: they say where it goes on, and each carries the mark of the chunk that has
 * moved it. Of any other step the chunk's number, as the offset of a partition of `progressTopic`.
 */
export function transactionMarks(progressTopic: string | undefined): TransactionMarks {
  /** What the group has by now, so that only what moves is committed again. */
  const known = new Map<string, bigint>()
  return {
    commit: async (transactions, mark) => {
      const offsets = offsetsOf(mark, progressTopic).filter(
        (one, index) => index === 0 || known.get(placeName(one)) !== one.offset,
      )
      await transactions.commit(offsets)
      for (const one of offsets) known.set(placeName(one), one.offset)
    },
    find: async (transactions, reader) => {
      const source = sourceOf(reader)
      if (source === undefined && progressTopic === undefined) return undefined
      const places = source?.windows ?? [progressPlace(progressTopic)]
      const offsets = await transactions.committed(
        places.map(({ topic, partition }) => ({ topic, partition })),
      )
      const marks = offsets.flatMap(({ metadata }) => decodeMark(metadata) ?? [])
      const [latest] = marks.toSorted((one, other) => other.chunk - one.chunk)
      if (latest === undefined || source === undefined || reader === undefined) return latest
      return { ...latest, reader: { ...reader, at: encodeWindow(standingAt(source, offsets)) } }
    },
  }
}

/** The first is committed with each chunk, whether it has moved or not, so that there is always one with the last mark. */
function offsetsOf(mark: ChunkMark, progressTopic: string | undefined): readonly KafkaGroupOffset[] {
  const metadata = encodeMark(mark)
  const source = sourceOf(mark.reader)
  if (source === undefined) return [{ ...progressPlace(progressTopic), offset: BigInt(mark.chunk), metadata }]
  return source.windows.map(({ topic, partition, next }) => ({ topic, partition, offset: next, metadata }))
}

/** The offsets are the truth of where the reader stands; up to where it reads, the checkpoint says. */
function standingAt(source: LogWindow, offsets: readonly KafkaGroupOffset[]): LogWindow {
  const committed = new Map(offsets.map((one) => [placeName(one), one.offset]))
  const windows = source.windows.map((window) => ({
    ...window,
    next: committed.get(placeName(window)) ?? window.next,
  }))
  return { ...source, windows }
}

function sourceOf(reader: StoredCheckpoint | undefined): LogWindow | undefined {
  if (reader?.kind !== KAFKA_READER_KIND) return undefined
  const window = decodeWindow(reader.at, 'the checkpoint of the step')
  return window.windows.length === 0 ? undefined : window
}

function progressPlace(topic: string | undefined): TopicPartition {
  if (topic !== undefined) return { topic, partition: 0 }
  throw new BatchError(
    'INVALID_WRITER_OPTIONS',
    'kafkaWriter: each record names a topic of its own, and the reader reads no log, so the writer does not know where to keep how far it ' +
      'has come: name a topic that exists in transactional.progressTopic.',
  )
}

function placeName({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/** `{"chunk":12,"counts":{"readCount":6000, … }}`: at most some 200 bytes, of the 4096 that a broker takes. */
function encodeMark({ chunk, counts }: ChunkMark): string {
  return JSON.stringify({ chunk, counts })
}

/** Undefined for what somebody else has left there. */
function decodeMark(metadata: string): Omit<KeptMark, 'reader'> | undefined {
  try {
    const { chunk, counts } = JSON.parse(metadata) as { chunk?: unknown; counts?: unknown }
    if (typeof chunk !== 'number' || typeof counts !== 'object' || counts === null) return undefined
    return { chunk, counts: counts as ReconciledCounts }
  } catch {
    return undefined
  }
}
