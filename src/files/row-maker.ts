/** Makes the object of a row from the fields that the scanner found. */
import type { FieldConversion } from './field-value.ts'
import { ESCAPED, type ScannedRecords } from './record-scanner.ts'

export interface RowColumn {
  /** The key in the row. */
  readonly name: string
  /** Its place in the record. */
  readonly index: number
  readonly convert: FieldConversion | undefined
}

export interface RowLayout {
  readonly columns: readonly RowColumn[]
  /** The key that gets the number of the record's first line. */
  readonly line: string | undefined
  readonly fieldCapacity: number
  readonly unescape: (text: string) => string
}

/** `text` is that of all scanned records. Rows have their keys in the same order always. */
export type RowMaker = (records: ScannedRecords, text: string, record: number) => Record<string, unknown>

/**
 * Rows are made by a function that is written for these columns: with one object literal instead of a loop over keys a
 * row costs half as much (docs/decisions/0001-delimited-parser.md). Where Node runs without code generation, by a loop.
 */
export function rowMaker(layout: RowLayout): RowMaker {
  try {
    return generatedRowMaker(layout)
  } catch (error) {
    if (error instanceof EvalError) return loopingRowMaker(layout)
    throw error
  }
}

export function generatedRowMaker(layout: RowLayout): RowMaker {
  const properties = layout.columns.map(({ name, index, convert }, column) => {
    const text = `flags[at + ${index}] === 0 ? text.substring(starts[at + ${index}], ends[at + ${index}]) : quoted(text, starts[at + ${index}], ends[at + ${index}], flags[at + ${index}])`
    const value = convert ? `convert${column}(${text}, flags[at + ${index}])` : text
    return `[${JSON.stringify(name)}]: ${value}` // computed, so that a column named __proto__ is a column
  })
  if (layout.line !== undefined)
    properties.push(`[${JSON.stringify(layout.line)}]: records.recordLines[record]`)
  const conversions = layout.columns.map((_, column) => `convert${column} = conversions[${column}]`)
  const body = `
    const ${[...conversions, 'unused = 0'].join(', ')}
    return (records, text, record) => {
      const at = record * ${layout.fieldCapacity}, starts = records.fieldStarts, ends = records.fieldEnds, flags = records.fieldFlags
      return { ${properties.join(',\n')} }
    }`
  // Nothing but column numbers and JSON strings goes into the code.
  // oxlint-disable-next-line typescript/no-implied-eval
  const generate = new Function('conversions', 'quoted', body) as (
    conversions: readonly (FieldConversion | undefined)[],
    quoted: QuotedText,
  ) => RowMaker
  return generate(
    layout.columns.map((column) => column.convert),
    quotedText(layout),
  )
}

export function loopingRowMaker(layout: RowLayout): RowMaker {
  const quoted = quotedText(layout)
  return ({ fieldStarts, fieldEnds, fieldFlags, recordLines }, text, record) => {
    const entries = layout.columns.map(({ name, index, convert }): [string, unknown] => {
      const at = record * layout.fieldCapacity + index
      const flags = fieldFlags[at] as number
      const value = quoted(text, fieldStarts[at] as number, fieldEnds[at] as number, flags)
      return [name, convert ? convert(value, flags) : value]
    })
    if (layout.line !== undefined) entries.push([layout.line, recordLines[record]])
    return Object.fromEntries(entries)
  }
}

type QuotedText = (text: string, start: number, end: number, flags: number) => string

function quotedText({ unescape }: RowLayout): QuotedText {
  return (text, start, end, flags) =>
    (flags & ESCAPED) === 0 ? text.substring(start, end) : unescape(text.substring(start, end))
}
