/** How the fields and records of a delimited file are told apart; the reader and the writer share it. */
import { BatchError, type BatchErrorCode } from '../core/model/batch-error.ts'

export interface DialectOptions {
  /** Stands between two fields: one ASCII character. @default ',' */
  readonly delimiter?: string | undefined
  /** Stands around a field that holds delimiters, quotes or newlines; `null` where the file knows no quotes. @default '"' */
  readonly quote?: string | null | undefined
  /** Stands before a quote inside quotes, beside the doubled quote: often `\`. @default none */
  readonly escape?: string | undefined
}

export interface Dialect {
  readonly delimiter: string
  readonly quote: string | undefined
  readonly escape: string | undefined
}

/** @throws BatchError with `code` where a mark is not one ASCII character, or where two marks are the same. */
export function dialectOf(
  options: DialectOptions,
  comment: string | undefined,
  code: BatchErrorCode,
): Dialect {
  const quote = options.quote === null ? undefined : (options.quote ?? '"')
  const escape = options.escape === quote ? undefined : options.escape
  const dialect: Dialect = { delimiter: options.delimiter ?? ',', quote, escape }
  const marks = Object.entries({ ...dialect, comment }).filter(
    (mark): mark is [string, string] => mark[1] !== undefined,
  )
  for (const [name, mark] of marks) refuseMark(name, mark, code)
  for (const [index, [name, mark]] of marks.entries()) {
    const twin = marks.slice(0, index).find((other) => other[1] === mark)
    if (twin)
      throw new BatchError(
        code,
        `${twin[0]} and ${name} are both ${JSON.stringify(mark)}: choose two different characters`,
      )
  }
  if (dialect.escape !== undefined && dialect.quote === undefined) {
    throw new BatchError(code, 'escape has a meaning inside quotes only: give a quote, or leave escape out')
  }
  return dialect
}

function refuseMark(name: string, mark: string, code: BatchErrorCode): void {
  if (mark.length === 1 && mark.charCodeAt(0) < 0x80 && mark !== '\n' && mark !== '\r' && mark !== '\0')
    return
  throw new BatchError(
    code,
    `${name} is ${JSON.stringify(mark)}: it must be one ASCII character, and no newline`,
  )
}
