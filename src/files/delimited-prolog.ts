/** What stands before the first record of a delimited file: byte order mark, lines to leave out, header. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ByteWindow } from './byte-window.ts'
import { delimitedRecords, type RecordBatch } from './delimited-records.ts'
import type { Dialect } from './dialect.ts'
import { createRecordScanner, ESCAPED } from './record-scanner.ts'
import { encodingFault, malformedFault } from './row-fault.ts'
import type { TextEncoding } from './text-encoding.ts'

export interface PrologInput {
  /** The path, for messages. */
  readonly file: string
  readonly window: ByteWindow
  readonly encoding: TextEncoding
  readonly dialect: Dialect
  readonly comment: string | undefined
  readonly trim: boolean
  readonly unescape: (text: string) => string
  readonly skipLines: number
  readonly maxRecordBytes: number
  /** Given where the file has no header. */
  readonly columns: readonly string[] | undefined
}

export interface Prolog {
  readonly names: readonly string[]
  /** Lines before the first record. */
  readonly line: number
}

const MOST_COLUMNS = 4096
const LF = 10

/** Leaves the window at the first record. */
export async function readProlog(input: PrologInput): Promise<Prolog> {
  const { window, columns, skipLines } = input
  await skipByteOrderMark(input)
  for (let line = 0; line < skipLines; line++) await skipLine(window)
  if (columns) return { names: columns, line: skipLines }
  return readHeader(input)
}

async function skipByteOrderMark({ window, encoding, file }: PrologInput): Promise<void> {
  while (window.to - window.from < 3 && !window.final) await window.fill()
  const start = window.bytes.subarray(window.from, Math.min(window.to, window.from + 3)).toString('hex')
  const utf16 = start.startsWith('fffe') ? 'utf-16le' : start.startsWith('feff') ? 'utf-16be' : undefined
  if (encoding.multibyte && !encoding.transcoder && utf16 !== undefined) {
    const message = `${file} begins with the byte order mark of ${utf16}: say so with encoding: '${utf16}'`
    throw new BatchError('READ_FAILED', message, { details: { file } })
  }
  if (encoding.multibyte && start === 'efbbbf') window.consume(window.from + 3)
}

async function skipLine(window: ByteWindow): Promise<void> {
  for (;;) {
    const newline = window.bytes.subarray(0, window.to).indexOf(LF, window.from)
    window.consume(newline < 0 ? window.to : newline + 1)
    if (newline >= 0 || window.final) return
    await window.fill()
  }
}

async function readHeader(input: PrologInput): Promise<Prolog> {
  const { file, dialect, comment, trim, encoding, skipLines } = input
  const capacities = { fieldCapacity: MOST_COLUMNS, recordCapacity: 1 }
  const { multibyte } = encoding
  const scanner = createRecordScanner({
    dialect,
    comment,
    emptyLines: 'skip',
    trim,
    multibyte,
    ...capacities,
  })
  const header = await delimitedRecords({ ...input, scanner, line: skipLines }).next(1)
  if (!header) {
    const message = `${file} is empty: it should begin with a row of column names (give columns for a file that has none)`
    throw new BatchError('READ_FAILED', message, { details: { file } })
  }
  return { names: headerNames(header, input), line: header.placeAfter(0).line }
}

function headerNames(
  { scanned, text }: RecordBatch,
  { file, encoding, unescape }: PrologInput,
): readonly string[] {
  const place = { file, line: scanned.recordLines[0] as number }
  if (text === undefined) throw encodingFault(place, encoding.name)
  if (scanned.malformed) throw malformedFault(place, scanned.malformed.kind, scanned.malformed.quoteLine)
  const count = scanned.fieldCounts[0] as number
  if (count > MOST_COLUMNS) {
    throw new BatchError(
      'READ_FAILED',
      `${file} has ${count} columns: ${MOST_COLUMNS} are the most that can be read`,
    )
  }
  return Array.from({ length: count }, (_, field) => {
    const name = text.substring(scanned.fieldStarts[field] as number, scanned.fieldEnds[field] as number)
    return ((scanned.fieldFlags[field] as number) & ESCAPED) === 0 ? name : unescape(name)
  })
}
