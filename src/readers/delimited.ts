/** Reads delimited files (CSV and its kin): typed rows, exact restart, and a name for whatever is wrong. */
import type { z } from 'zod'
import { BatchError } from '../core/model/batch-error.ts'
import type { ItemReader } from '../core/ports/item-reader.ts'
import { springCheckpoint } from '../files/delimited-checkpoint.ts'
import type { DelimitedPlan } from '../files/delimited-plan.ts'
import { dialectOf, type DialectOptions } from '../files/dialect.ts'
import { openDelimited } from '../files/open-delimited.ts'
import { openDelimitedParser } from '../files/open-delimited-parser.ts'
import { pathOf } from '../files/open-file.ts'
import { rowSchema } from '../files/schema-fields.ts'
import { textEncoding } from '../files/text-encoding.ts'

type Schema = z.ZodType | undefined
/** The keys of a row as the schema gets it; without a schema any text. */
type RowKey<S extends Schema> = S extends z.ZodType ? Extract<keyof z.input<S>, string> : string

export interface DelimitedReaderOptions<
  S extends Schema = undefined,
  C extends string = string,
  L extends string = never,
  N extends string | undefined = undefined,
> extends DialectOptions {
  readonly file: string | URL
  /**
   * Checks each row and makes the item of it. A file holds text only, so fields that the schema wants as number,
   * bigint, boolean or Date are converted before, and an empty field is null or undefined where the schema takes that.
   * Without a schema a row is an object of texts.
   */
  readonly schema?: S
  /** The names of the columns in a file that has no header row. Without it the first row names them. */
  readonly columns?: readonly C[]
  /** Columns that have another name in the rows: `{ 'Cost Total $': 'costTotal' }`. */
  readonly rename?: Readonly<Record<string, RowKey<S>>>
  /** The key under which a row gets the number of its first line in the file, before the schema checks it. */
  readonly line?: L & RowKey<S>
  /**
   * Text that stands for null where it is not quoted. @default '' where the schema takes null or undefined; without a
   * schema none, and no field is null
   */
  readonly nullText?: N
  /** Lines that begin with this character are left out. @default none */
  readonly comment?: string
  /** `utf-8`, `windows-1252`, `utf-16le`, `shift_jis` … Bytes that it does not know are a fault. @default 'utf-8' */
  readonly encoding?: string
  /** `auto` looks at the first bytes. @default 'auto' */
  readonly gzip?: boolean | 'auto'
  /** Lines before the header, or before the first record where there is none. @default 0 */
  readonly skipLines?: number
  /** What an empty line is. @default 'skip', but 'record' in a file of one column */
  readonly emptyLines?: 'skip' | 'record'
  /** Leaves out spaces and tabs around fields; those inside quotes stay. @default false */
  readonly trim?: boolean
  /** A record that is larger ends the step: most often its quote is never closed. @default 16 MiB */
  readonly maxRecordBytes?: number
  /** The name of Spring Batch's FlatFileItemReader, for steps that Spring began. */
  readonly springName?: string
}

/** What the reader hands over: what the schema makes of a row, or a row of texts. */
export type DelimitedItem<
  S extends Schema,
  C extends string,
  L extends string,
  N extends string | undefined,
> = S extends z.ZodType ? z.output<S> : TextRow<C, L, N extends string ? string | null : string>

type TextRow<C extends string, L extends string, Text> = string extends C
  ? Record<string, [L] extends [never] ? Text : Text | number>
  : { [K in C | L]: K extends L ? number : Text }

/**
 * After a crash it goes on at the byte behind the last committed record. A gzip file, or one in an encoding such as
 * UTF-16, is read again from its start up to there.
 * @throws BatchError INVALID_READER_OPTIONS at once; what is wrong with the file is said when it is opened.
 */
export function delimitedReader<
  S extends Schema = undefined,
  const C extends string = string,
  const L extends string = never,
  const N extends string | undefined = undefined,
>(options: DelimitedReaderOptions<S, C, L, N>): ItemReader<DelimitedItem<S, C, L, N>> {
  const { schema, comment, columns, springName } = options
  const file = pathOf(options.file)
  const dialect = dialectOf(options, comment, 'INVALID_READER_OPTIONS')
  const fields = schema && rowSchema(schema)
  const plan: DelimitedPlan = {
    file,
    schema,
    fields,
    dialect,
    comment,
    columns,
    encoding: textEncoding(options.encoding ?? 'utf-8', 'INVALID_READER_OPTIONS'),
    rename: options.rename ?? {},
    line: options.line,
    nullText: options.nullText ?? (fields ? '' : undefined),
    gzip: options.gzip ?? 'auto',
    skipLines: wholeNumber('skipLines', options.skipLines ?? 0),
    emptyLines: options.emptyLines,
    trim: options.trim ?? false,
    maxRecordBytes: wholeNumber('maxRecordBytes', options.maxRecordBytes ?? 16 * 1024 * 1024),
  }
  if (columns?.length === 0)
    throw new BatchError('INVALID_READER_OPTIONS', 'columns is empty: name at least one column')
  return {
    kind: 'delimited',
    description: `delimited file ${file}`,
    open: (scope) => openDelimited<DelimitedItem<S, C, L, N>>(plan, scope),
    openParser: (scope) => openDelimitedParser<DelimitedItem<S, C, L, N>>(plan, scope),
    ...(springName !== undefined && {
      checkpointFromSpring: (context) => springCheckpoint(context, springName),
    }),
  }
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new BatchError('INVALID_READER_OPTIONS', `${name} is ${value}: it must be a whole number, 0 or more`)
}
