/** Writes delimited files (CSV and its kin) that are whole or not there, and that its reader reads back value by value. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ItemSink, ItemWriter, WriterScope, WriteSummary } from '../core/ports/item-writer.ts'
import { delimitedEncoder, type CellValue, type DelimitedEncoder } from '../files/delimited-encoder.ts'
import { dialectOf, type DialectOptions } from '../files/dialect.ts'
import { pathOf } from '../files/open-file.ts'
import { PartFile } from '../files/part-file.ts'

/** The key of the value; the column has the same name. Or one of the three forms that say more. */
export type DelimitedColumn =
  | string
  | { readonly key: string; readonly header?: string }
  | { readonly key: string; readonly header?: string; readonly format: (value: never) => CellValue }
  | { readonly header: string; readonly value: (item: never) => CellValue }

/** What an item must have, so that these columns can be written. */
export type DelimitedRow<C extends DelimitedColumn> = Merged<
  [C] extends [never] ? unknown : UnionToIntersection<ColumnRow<C>>
>

type ColumnRow<C> = C extends string
  ? { readonly [K in C]: CellValue }
  : C extends { readonly value: (item: infer Item) => CellValue }
    ? Item
    : C extends { readonly key: infer K extends string; readonly format: (value: infer Value) => CellValue }
      ? { readonly [Key in K]: Value }
      : C extends { readonly key: infer K extends string }
        ? { readonly [Key in K]: CellValue }
        : never
type UnionToIntersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer All) => void
  ? All
  : never
type Merged<T> = { [K in keyof T]: T[K] }

export interface DelimitedWriterOptions<C extends DelimitedColumn> extends DialectOptions {
  /** Appears when the step completes; until then a hidden part file beside it grows. */
  readonly file: string | URL
  /**
   * In the order of the file: `'isin'`, `{ key: 'isin', header: 'ISIN' }`, `{ key: 'at', format: (at: Temporal) => … }`,
   * `{ header: 'value', value: (trade: Trade) => trade.price * trade.quantity }`.
   */
  readonly columns: readonly C[]
  /** The first line: the columns' names, none, or a text of your own. @default true */
  readonly header?: boolean | string
  /** The last lines, written once everything is counted. */
  readonly footer?: (summary: WriteSummary) => string
  /** `needed` quotes what would be misread otherwise. @default 'needed' */
  readonly quoting?: 'needed' | 'always'
  /** @default '\n' */
  readonly newline?: '\n' | '\r\n'
  /** Stands for null and undefined, without quotes; the same text as a value is quoted. @default '' */
  readonly nullText?: string
  /** A record that would begin with it is quoted, so that a reader does not take it for a comment. @default '#' */
  readonly comment?: string
  /** What happens to a file of that name. It stays as it is until the step completes. @default 'replace' */
  readonly existing?: 'replace' | 'refuse'
}

/**
 * Each chunk is on the disk before it is committed. A restart goes on behind the last committed chunk, in a part file of
 * its own; what was written past it is cut off.
 * @throws BatchError INVALID_WRITER_OPTIONS at once.
 */
export function delimitedWriter<const C extends DelimitedColumn>(
  options: DelimitedWriterOptions<C>,
): ItemWriter<DelimitedRow<C>> {
  const file = pathOf(options.file)
  const comment = options.comment ?? '#'
  const layout = layoutOf(options, file, comment)
  return {
    kind: 'delimited',
    description: `delimited file ${file}`,
    guarantee: 'transactional',
    publishes: file,
    open: (scope) => openSink(options, layout, scope),
  }
}

interface Layout {
  readonly file: string
  readonly cells: readonly Cell[]
  readonly encoder: DelimitedEncoder
  readonly delimiter: string
  readonly newline: string
  readonly header: string
}

/** One column: its name, and how an item's value is had. */
interface Cell {
  readonly name: string
  readonly valueOf: (item: never) => unknown
}

function layoutOf(options: DelimitedWriterOptions<DelimitedColumn>, file: string, comment: string): Layout {
  const dialect = dialectOf(options, comment, 'INVALID_WRITER_OPTIONS')
  const { columns, quoting = 'needed', newline = '\n', nullText = '', header = true } = options
  if (columns.length === 0)
    throw new BatchError('INVALID_WRITER_OPTIONS', 'columns is empty: name at least one column')
  const marks = [dialect.delimiter, dialect.quote ?? '\n', '\r', '\n']
  if (marks.some((mark) => nullText.includes(mark))) {
    throw new BatchError(
      'INVALID_WRITER_OPTIONS',
      `nullText is ${JSON.stringify(nullText)}: it must hold no delimiter, quote or newline`,
    )
  }
  const cells = columns.map(cellOf)
  const encoder = delimitedEncoder({ file, dialect, quoting, nullText, comment })
  const names = cells.map(({ name }, index) => encoder.field(name, name, index === 0)).join(dialect.delimiter)
  const first = header === true ? names : header
  return {
    file,
    cells,
    encoder,
    delimiter: dialect.delimiter,
    newline,
    header: first === false ? '' : first + newline,
  }
}

function cellOf(column: DelimitedColumn): Cell {
  if (typeof column === 'string') return { name: column, valueOf: (item) => item[column] }
  if ('value' in column) return { name: column.header, valueOf: column.value }
  const { key, header = key } = column
  if (!('format' in column)) return { name: header, valueOf: (item) => item[key] }
  const { format } = column
  return { name: header, valueOf: (item) => format(item[key]) }
}

async function openSink<T>(
  { footer, existing = 'replace' }: DelimitedWriterOptions<DelimitedColumn>,
  layout: Layout,
  { from, stepExecutionId }: WriterScope,
): Promise<ItemSink<T>> {
  const { file, header, newline } = layout
  const part = await PartFile.open({
    target: file,
    owner: stepExecutionId,
    from,
    header: Buffer.from(header),
    existing,
  })
  return {
    write: async (items) => part.append(() => Buffer.from(encodeRecords(items, layout)), items.length),
    checkpoint: () => part.checkpoint(),
    rolledBack: () => part.rollBack(),
    savepoint: () => part.savepoint(),
    complete: (summary) => part.publish(Buffer.from(footer ? footer(summary) + newline : '')),
    close: () => part.close(),
  }
}

function encodeRecords(items: readonly unknown[], { cells, encoder, delimiter, newline }: Layout): string {
  let text = ''
  for (const item of items) {
    let first = true
    for (const { name, valueOf } of cells) {
      if (!first) text += delimiter
      text += encoder.field(valueOf(item as never), name, first)
      first = false
    }
    text += newline
  }
  return text
}
