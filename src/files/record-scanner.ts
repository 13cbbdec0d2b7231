/** Finds the records and fields of a delimited file in its bytes, in one pass, with the exact offset of each. */
import type { Dialect } from './dialect.ts'

export interface ScannerOptions {
  readonly dialect: Dialect
  /** Lines that begin with it are left out. */
  readonly comment: string | undefined
  /** Whether a line without a character is left out, or is a record of one empty field. */
  readonly emptyLines: 'skip' | 'record'
  /** Whether spaces and tabs around a field are left out. */
  readonly trim: boolean
  /** True for UTF-8, where a character may be more than one byte; false where each byte is one character. */
  readonly multibyte: boolean
  /** Fields of a record that are kept; all are counted. */
  readonly fieldCapacity: number
  readonly recordCapacity: number
}

/** What is wrong with the quotes of a record. */
export type Malformation = 'unclosed-quote' | 'text-after-quote'

/** Bits in `fieldFlags`. */
export const QUOTED = 1
/** The text between the quotes holds doubled or escaped quotes. */
export const ESCAPED = 2

/**
 * The records of the last `scan`, in arrays that the next one overwrites. Records are counted in bytes from the start
 * of `bytes`; fields in characters (UTF-16) from the start of the first record, so that the text of all records is
 * decoded once.
 */
export interface ScannedRecords {
  readonly count: number
  /** Behind the last record, or behind the comments and empty lines where there was none: the next scan begins here. */
  readonly end: number
  /** Lines before `end`. */
  readonly endLine: number
  readonly recordStarts: Int32Array
  /** Behind the record's newline. */
  readonly recordEnds: Int32Array
  readonly recordLines: Float64Array
  /** Lines before the record behind. */
  readonly recordEndLines: Float64Array
  readonly fieldCounts: Int32Array
  /** Field f of record r stands at `r * fieldCapacity + f`. */
  readonly fieldStarts: Int32Array
  readonly fieldEnds: Int32Array
  readonly fieldFlags: Uint8Array
  /** Set when the last record is malformed; the scan ends there. */
  readonly malformed: { readonly kind: Malformation; readonly quoteLine: number } | undefined
}

export interface ScanInput {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  /** Whether the file ends at `to`. Where it does not, a record that is not whole is left for the next scan. */
  readonly final: boolean
  /** Lines before `from`. */
  readonly line: number
  readonly limit: number
}

export interface RecordScanner {
  readonly scan: (input: ScanInput) => ScannedRecords
}

// Kinds of bytes. ORDINARY is 0, so that the hot loops test one load against zero.
const ORDINARY = 0
const CONTINUATION = 1
const FOUR_BYTES = 2
const NEWLINE = 3
const RETURN = 4
const DELIMITER = 5
const QUOTE = 6
const ESCAPE = 7

const LF = 10
const CR = 13
const SPACE = 32
const TAB = 9

/**
 * Quotes mean something at the start of a field only, as in most readers; elsewhere they are text. Records end with LF
 * or CRLF; a CR alone is text. Inside quotes everything is text but the quote, which is doubled or escaped.
 */
export function createRecordScanner(options: ScannerOptions): RecordScanner {
  const { dialect, fieldCapacity, recordCapacity, trim } = options
  const plainKinds = kindsOf(options, { [dialect.delimiter]: DELIMITER, '\r': RETURN, '\n': NEWLINE })
  const quotedKinds = kindsOf(options, {
    '\n': NEWLINE,
    ...(dialect.escape !== undefined && { [dialect.escape]: ESCAPE }),
    ...(dialect.quote !== undefined && { [dialect.quote]: QUOTE }),
  })
  const quote = dialect.quote?.charCodeAt(0) ?? -1
  const escape = dialect.escape?.charCodeAt(0) ?? -1
  const delimiter = dialect.delimiter.charCodeAt(0)
  const comment = options.comment?.charCodeAt(0) ?? -1
  const skipEmpty = options.emptyLines === 'skip'

  const recordStarts = new Int32Array(recordCapacity)
  const recordEnds = new Int32Array(recordCapacity)
  const recordLines = new Float64Array(recordCapacity)
  const recordEndLines = new Float64Array(recordCapacity)
  const fieldCounts = new Int32Array(recordCapacity)
  const fieldStarts = new Int32Array(recordCapacity * fieldCapacity)
  const fieldEnds = new Int32Array(recordCapacity * fieldCapacity)
  const fieldFlags = new Uint8Array(recordCapacity * fieldCapacity)

  // One long function on purpose: it runs once for every byte of the input, and calls would cost more than the work.
  // States: between records; at a field's start; in an unquoted field; in quotes; behind the closing quote. `skew` is
  // how many bytes more than characters were passed. A record that is cut by `to` is scanned again with the next bytes.
  function scan({ bytes, from, to, final, line: lineBefore, limit }: ScanInput): ScannedRecords {
    const most = Math.min(limit, recordCapacity)
    let line = lineBefore
    let skew = 0
    let origin = from
    let at = from
    let count = 0
    let end = from
    let endLine = line
    let malformed: Malformation | undefined
    let quoteLine = 0

    records: while (at < to && count < most && malformed === undefined) {
      const first = bytes[at] as number
      if (skipEmpty && (first === LF || first === CR)) {
        if (first === CR && at + 1 === to && !final) break
        if (first === LF || (at + 1 < to && bytes[at + 1] === LF)) {
          at += first === LF ? 1 : 2
          end = at
          endLine = ++line
          continue
        }
      }
      if (first === comment) {
        let kind = ORDINARY
        while (at < to && (kind = plainKinds[bytes[at] as number] as number) !== NEWLINE) {
          if (kind === CONTINUATION) skew++
          else if (kind === FOUR_BYTES) skew--
          at++
        }
        if (at === to && !final) break
        if (at < to) {
          at++
          line++
        }
        end = at
        endLine = line
        continue
      }
      const start = at
      const startLine = line
      if (count === 0) {
        origin = at
        skew = 0
      }
      const base = count * fieldCapacity
      let broken: Malformation | undefined
      let fields = 0
      let ended = false
      while (!ended) {
        let flags = 0
        if (trim) while (at < to && isBlank(bytes[at] as number, delimiter)) at++
        let fieldStart = at - skew
        let fieldEnd = fieldStart
        if (at < to && bytes[at] === quote) {
          flags = QUOTED
          quoteLine = line + 1
          fieldStart = ++at - skew
          let closed = false
          while (!closed) {
            let kind = ORDINARY
            while (at < to && (kind = quotedKinds[bytes[at] as number] as number) === ORDINARY) at++
            if (at >= to) {
              if (!final) break records
              broken = 'unclosed-quote'
              break
            }
            if (kind === CONTINUATION) skew++
            else if (kind === FOUR_BYTES) skew--
            else if (kind === NEWLINE) line++
            else {
              if (at + 1 === to && !final) break records
              const next = at + 1 < to ? (bytes[at + 1] as number) : -1
              if (next === quote || (kind === ESCAPE && next === escape)) {
                flags = QUOTED | ESCAPED
                at++
              } else closed = kind === QUOTE
            }
            if (!closed) at++
          }
          fieldEnd = at - skew
          if (closed) at++
          if (trim) while (at < to && isBlank(bytes[at] as number, delimiter)) at++
        }
        // An unquoted field, or what follows a closing quote: nothing, unless the record is malformed.
        const rest = at
        let terminator = -1
        while (terminator < 0) {
          let kind = ORDINARY
          while (at < to && (kind = plainKinds[bytes[at] as number] as number) === ORDINARY) at++
          if (at >= to) {
            if (!final) break records
            terminator = NEWLINE
          } else if (kind === CONTINUATION) {
            skew++
            at++
          } else if (kind === FOUR_BYTES) {
            skew--
            at++
          } else if (kind === RETURN) {
            if (at + 1 === to && !final) break records
            if (at + 1 < to && bytes[at + 1] === LF) terminator = RETURN
            else at++
          } else terminator = kind
        }
        if (flags === 0) {
          fieldEnd = at - skew
          if (trim)
            while (fieldEnd > fieldStart && isBlank(bytes[fieldEnd + skew - 1] as number, delimiter))
              fieldEnd--
        } else if (at > rest) broken ??= 'text-after-quote'
        if (fields < fieldCapacity) {
          fieldStarts[base + fields] = fieldStart - origin
          fieldEnds[base + fields] = fieldEnd - origin
          fieldFlags[base + fields] = flags
        }
        fields++
        if (terminator === DELIMITER) at++
        else {
          ended = true
          if (at < to) {
            at += terminator === RETURN ? 2 : 1
            line++
          }
        }
      }
      recordStarts[count] = start
      recordEnds[count] = at
      recordLines[count] = startLine + 1
      recordEndLines[count] = line
      fieldCounts[count] = fields
      count++
      malformed = broken
      end = at
      endLine = line
    }
    return {
      count,
      end,
      endLine,
      recordStarts,
      recordEnds,
      recordLines,
      recordEndLines,
      fieldCounts,
      fieldStarts,
      fieldEnds,
      fieldFlags,
      malformed: malformed && { kind: malformed, quoteLine },
    }
  }
  return { scan }
}

function isBlank(byte: number, delimiter: number): boolean {
  return (byte === SPACE || byte === TAB) && byte !== delimiter
}

function kindsOf(options: ScannerOptions, kinds: Readonly<Record<string, number>>): Uint8Array {
  const table = new Uint8Array(256)
  if (options.multibyte) table.fill(CONTINUATION, 0x80, 0xc0).fill(FOUR_BYTES, 0xf0, 0xf8)
  for (const [character, kind] of Object.entries(kinds)) table[character.charCodeAt(0)] = kind
  return table
}
