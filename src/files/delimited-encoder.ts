/** Writes values as the fields of a delimited file, so that the reader finds the same values. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Dialect } from './dialect.ts'

/** What a field can hold. Anything else needs a `format`. */
export type CellValue = string | number | bigint | boolean | Date | Uint8Array | null | undefined

export interface EncoderOptions {
  /** The path, for messages. */
  readonly file: string
  readonly dialect: Dialect
  readonly quoting: 'needed' | 'always'
  /** Stands for null, without quotes; the same text as a value is quoted. */
  readonly nullText: string
  /** A record that would begin with it is quoted, so that no reader takes it for a comment. */
  readonly comment: string
}

export interface DelimitedEncoder {
  /** The text of one field. `name` is that of the column, for messages. */
  readonly field: (value: unknown, name: string, first: boolean) => string
}

const BYTE_ORDER_MARK = '\ufeff'
const LONE_SURROGATE = /\p{Surrogate}/u

export function delimitedEncoder(options: EncoderOptions): DelimitedEncoder {
  const { dialect, quoting, nullText, comment } = options
  const { quote } = dialect
  const special = specialCharacters(dialect)
  const always = quoting === 'always'
  return {
    field: (value, name, first) => {
      if (value === null || value === undefined) return nullText
      const text = textOf(value, name, options)
      const mustBeQuoted =
        special.test(text) ||
        text === nullText ||
        (first && (text.startsWith(comment) || text.startsWith(BYTE_ORDER_MARK)))
      if (mustBeQuoted && LONE_SURROGATE.test(text)) {
        throw unwritable(options, name, `${shown(text)} holds half a character, which UTF-8 cannot hold`)
      }
      if (quote !== undefined) return always || mustBeQuoted ? quoted(text, quote, dialect.escape) : text
      if (mustBeQuoted) throw unwritable(options, name, `${shown(value)} cannot be written without quotes`)
      return text
    },
  }
}

/** Spaces at the ends are among them: a reader that trims keeps those inside quotes. Halves of characters are found here too. */
function specialCharacters({ delimiter, quote }: Dialect): RegExp {
  const marks = [delimiter, quote ?? ''].map((mark) => mark.replace(/[\\\]^-]/, '\\$&')).join('')
  return new RegExp(`[${marks}\\r\\n\\p{Surrogate}]|^[ \\t]|[ \\t]$`, 'u')
}

function quoted(text: string, quote: string, escape: string | undefined): string {
  const escaped = escape === undefined ? text : text.replaceAll(escape, escape + escape)
  return quote + escaped.replaceAll(quote, quote + quote) + quote
}

function textOf(value: unknown, name: string, options: EncoderOptions): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
      // Postgres's text form of bytea.
      if (value instanceof Uint8Array)
        return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
      throw unwritable(
        options,
        name,
        `${shown(value)} is no text, number, boolean, date or bytes: give the column a format`,
      )
  }
}

function unwritable({ file }: EncoderOptions, name: string, reason: string): BatchError {
  return new BatchError('WRITE_FAILED', `Cannot write column ${JSON.stringify(name)} of ${file}: ${reason}`, {
    details: { file, column: name },
  })
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (value instanceof Date) return 'an invalid date'
  return typeof value === 'object' ? Object.prototype.toString.call(value) : typeof value
}
