/** One partition of the log in memory: records and markers at ascending offsets, some of which are gone. */
import type { IsolationLevel, KafkaBounds, KafkaLogRecord } from '../../kafka/kafka-client.ts'

/** A transaction of some producer. Its end is marked in each partition that it has written to. */
export interface LogTransaction {
  state: 'open' | 'committed' | 'aborted'
  readonly touched: Set<PartitionLog>
}

/** A marker has no record. */
interface LogEntry {
  readonly offset: bigint
  readonly record?: KafkaLogRecord
  readonly transaction: LogTransaction | undefined
}

export interface PartitionRead {
  readonly records: readonly KafkaLogRecord[]
  /** The next offset to be read: markers, gaps and what is not to be seen are passed over. */
  readonly next: bigint
  readonly isEnd: boolean
}

export interface PartitionLog {
  /** Makes the record at the next offset, which is answered. */
  readonly append: (record: Omit<KafkaLogRecord, 'offset'>, transaction?: LogTransaction) => bigint
  readonly mark: (transaction: LogTransaction) => void
  readonly bounds: (isolation: IsolationLevel) => KafkaBounds
  readonly read: (from: bigint, limit: number, isolation: IsolationLevel) => PartitionRead
  readonly firstAt: (timestamp: number, isolation: IsolationLevel) => bigint | undefined
  /** As retention does. An offset behind the end is the end. */
  readonly deleteBefore: (offset: bigint) => void
  /** Of each key the latest committed record stays, and the last entry of all. */
  readonly compact: () => void
}

export function partitionLog(): PartitionLog {
  let entries: LogEntry[] = []
  let low = 0n
  let high = 0n
  const endOf = (isolation: IsolationLevel): bigint =>
    isolation === 'read_uncommitted' ? high : (entries.find(isOpen)?.offset ?? high)
  const append: PartitionLog['append'] = (record, transaction) => {
    const offset = high++
    entries.push({ offset, record: { ...record, offset }, transaction })
    transaction?.touched.add(log)
    return offset
  }
  const log: PartitionLog = {
    append,
    mark: (transaction) => void entries.push({ offset: high++, transaction }),
    bounds: (isolation) => ({ low, end: endOf(isolation) }),
    read: (from, limit, isolation) => readEntries(entries, { from, limit, isolation, end: endOf(isolation) }),
    firstAt: (timestamp, isolation) => {
      const end = endOf(isolation)
      return entries.find(
        ({ record, offset }) => offset < end && record !== undefined && (record.timestamp ?? -1) >= timestamp,
      )?.offset
    },
    deleteBefore: (offset) => {
      low = offset < high ? (offset > low ? offset : low) : high
      entries = entries.filter((entry) => entry.offset >= low)
    },
    compact: () => void (entries = compacted(entries, endOf('read_committed'))),
  }
  return log
}

function isOpen({ record, transaction }: LogEntry): boolean {
  return record !== undefined && transaction?.state === 'open'
}

interface Reading {
  readonly from: bigint
  readonly limit: number
  readonly isolation: IsolationLevel
  readonly end: bigint
}

function readEntries(entries: readonly LogEntry[], { from, limit, isolation, end }: Reading): PartitionRead {
  const records: KafkaLogRecord[] = []
  for (let index = indexOf(entries, from); index < entries.length; index++) {
    const { offset, record, transaction } = entries[index] as LogEntry
    if (offset >= end) break
    if (record === undefined) continue
    if (isolation === 'read_committed' && transaction?.state === 'aborted') continue
    records.push(record)
    if (records.length === limit) return { records, next: offset + 1n, isEnd: false }
  }
  return { records, next: from > end ? from : end, isEnd: true }
}

/** Of the first entry at or behind the offset. */
function indexOf(entries: readonly LogEntry[], offset: bigint): number {
  let from = 0
  let to = entries.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((entries[middle] as LogEntry).offset < offset) from = middle + 1
    else to = middle
  }
  return from
}

function compacted(entries: readonly LogEntry[], end: bigint): LogEntry[] {
  const latest = new Map<string, LogEntry>()
  for (const entry of entries) {
    const { record, transaction, offset } = entry
    if (offset >= end || !record?.key || transaction?.state === 'aborted') continue
    latest.set(record.key.toString('latin1'), entry)
  }
  return entries.filter((entry, index) => {
    const { record, transaction, offset } = entry
    if (record === undefined || offset >= end || index === entries.length - 1) return true
    if (transaction?.state === 'aborted') return false
    return record.key === null || latest.get(record.key.toString('latin1')) === entry
  })
}
