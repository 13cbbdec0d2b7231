/** The records of a delimited file, batch after batch, with the text of each batch decoded once. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ByteWindow } from './byte-window.ts'
import type { Prefix } from './prefix-hash.ts'
import type { RecordScanner, ScannedRecords } from './record-scanner.ts'
import type { TextEncoding } from './text-encoding.ts'

/** Where a record begins: bytes of the source, and lines, before it. Both survive JSON as numbers. */
export interface RecordPlace {
  readonly offset: number
  readonly line: number
}

/** Valid until the next batch is asked for. */
export interface RecordBatch {
  readonly scanned: ScannedRecords
  readonly count: number
  /** Undefined when the only record of the batch holds bytes that mean nothing in the file's encoding. */
  readonly text: string | undefined
  /** The record as it stands in the file, without its newline. */
  readonly rawOf: (record: number) => string
  readonly placeAfter: (record: number) => RecordPlace
  /** The same for `count` records from `first` on, by their index among these; it stays valid. */
  readonly placesAfter: (first: number, count: number) => (index: number) => RecordPlace
  /** Of everything up to the end of the record. Asked for in rising order. */
  readonly prefixAfter: (record: number) => Prefix
}

export interface DelimitedRecords {
  /** At most `limit` records, undefined at the end of the file. */
  readonly next: (limit: number) => Promise<RecordBatch | undefined>
  /** Leaves out this many records; what they hold is not looked at. */
  readonly skip: (records: number) => Promise<void>
}

export interface RecordsInput {
  /** The path, for messages. */
  readonly file: string
  readonly window: ByteWindow
  readonly scanner: RecordScanner
  readonly encoding: TextEncoding
  readonly maxRecordBytes: number
  /** Lines before the window's first unused byte. */
  readonly line: number
}

export function delimitedRecords(input: RecordsInput): DelimitedRecords {
  const { window, scanner, encoding } = input
  let line = input.line
  /** Halved where a batch cannot be decoded, until the record that is to blame stands alone; then doubled again. */
  let mostRecords = Infinity

  const scan = async (limit: number): Promise<ScannedRecords | undefined> => {
    for (;;) {
      const { bytes, from, to, final } = window
      const scanned = scanner.scan({ bytes, from, to, final, line, limit })
      if (scanned.count > 0) return scanned
      window.consume(scanned.end)
      line = scanned.endLine
      if (final) return undefined
      if (to - scanned.end > input.maxRecordBytes) throw tooLarge(input, line)
      await window.fill()
    }
  }
  const accept = (scanned: ScannedRecords): void => {
    window.consume(scanned.end)
    line = scanned.endLine
  }
  const next = async (limit: number): Promise<RecordBatch | undefined> => {
    for (;;) {
      const scanned = await scan(Math.min(limit, mostRecords))
      if (scanned === undefined) return undefined
      const { count, recordStarts, recordEnds } = scanned
      const text = encoding.decode(window.bytes, recordStarts[0] as number, recordEnds[count - 1] as number)
      if (text === undefined && count > 1) {
        mostRecords = count >> 1
        continue
      }
      mostRecords *= 2
      accept(scanned)
      return batchOf(scanned, text, input)
    }
  }
  const skip = async (records: number): Promise<void> => {
    for (let left = records; left > 0;) {
      const scanned = await scan(left)
      if (scanned === undefined) return
      accept(scanned)
      left -= scanned.count
    }
  }
  return { next, skip }
}

function batchOf(
  scanned: ScannedRecords,
  text: string | undefined,
  { window, encoding }: RecordsInput,
): RecordBatch {
  const { count, recordStarts, recordEnds, recordEndLines } = scanned
  const { bytes, base } = window
  return {
    scanned,
    count,
    text,
    rawOf: (record) => {
      const raw = encoding.decodeLossy(bytes, recordStarts[record] as number, recordEnds[record] as number)
      return raw.replace(/\r?\n$/, '')
    },
    placeAfter: (record) => ({
      offset: base + (recordEnds[record] as number),
      line: recordEndLines[record] as number,
    }),
    placesAfter: (first, many) => {
      const ends = recordEnds.slice(first, first + many)
      const lines = recordEndLines.slice(first, first + many)
      return (index) => ({ offset: base + (ends[index] as number), line: lines[index] as number })
    },
    prefixAfter: (record) => window.prefixAt(recordEnds[record] as number),
  }
}

function tooLarge({ file, maxRecordBytes }: RecordsInput, line: number): BatchError {
  const why =
    'Most often a quote is opened there and never closed; if records are that large, raise maxRecordBytes.'
  const message = `${file} line ${line + 1}: the record that begins here is larger than ${maxRecordBytes} bytes. ${why}`
  return new BatchError('READ_FAILED', message, { details: { file, line: line + 1, maxRecordBytes } })
}
