/** Which columns a delimited file has, checked against what its rows are wanted to be. */
import { BatchError } from '../core/model/batch-error.ts'
import { nearestName } from '../core/model/nearest-name.ts'
import { fieldConversion } from './field-value.ts'
import type { RowColumn } from './row-maker.ts'
import type { RowSchema, SchemaField } from './schema-fields.ts'

export interface ColumnWishes {
  /** The path, for messages. */
  readonly file: string
  readonly schema: RowSchema | undefined
  /** Names in the file that have another name in the rows. */
  readonly rename: Readonly<Record<string, string>>
  readonly nullText: string | undefined
  /** The key that is the line number, and so no column. */
  readonly line: string | undefined
}

const TEXT: SchemaField = { kind: 'text', coerced: false, nullable: false, optional: false, required: true }
/** Without a schema a row has nullable text wherever the author said what stands for null. */
const NULLABLE_TEXT: SchemaField = { ...TEXT, nullable: true }

/**
 * The columns that go into a row: those the schema asks for, or all.
 * @throws BatchError READ_FAILED where one is missing, there twice, or refused by the schema.
 */
export function columnsOf(found: readonly string[], wishes: ColumnWishes): readonly RowColumn[] {
  const { schema, nullText, line } = wishes
  const names = renamed(found, wishes)
  refuseMissing(names, wishes)
  const refused = names.filter((name) => schema?.others === 'refused' && !schema.fields.has(name))
  if (refused.length > 0)
    throw unfit(wishes, `has columns that the schema does not allow: ${quoteAll(refused)}`, found)
  const wanted = (name: string): boolean => schema?.others !== 'ignored' || schema.fields.has(name)
  const twice = names.find((name, index) => wanted(name) && names.indexOf(name) !== index)
  if (twice !== undefined)
    throw unfit(
      wishes,
      `has more than one column ${quote(twice)}: rename them, or give columns and skipLines`,
      found,
    )
  if (line !== undefined && names.includes(line)) {
    throw unfit(
      wishes,
      `has a column ${quote(line)} of its own: choose another name for the line number`,
      found,
    )
  }
  return names.flatMap((name, index) => {
    if (!wanted(name)) return []
    const field = schema ? (schema.fields.get(name) ?? TEXT) : NULLABLE_TEXT
    return [{ name, index, convert: fieldConversion(field, nullText) }]
  })
}

function renamed(found: readonly string[], wishes: ColumnWishes): readonly string[] {
  const unknown = Object.keys(wishes.rename).filter((name) => !found.includes(name))
  if (unknown.length > 0) throw missing(unknown, found, wishes)
  return found.map((name) => (Object.hasOwn(wishes.rename, name) ? (wishes.rename[name] as string) : name))
}

function refuseMissing(names: readonly string[], wishes: ColumnWishes): void {
  const { schema, line } = wishes
  if (!schema) return
  const absent = [...schema.fields]
    .filter(([name, field]) => field.required && name !== line && !names.includes(name))
    .map(([name]) => name)
  if (absent.length > 0) throw missing(absent, names, wishes)
}

function missing(absent: readonly string[], found: readonly string[], wishes: ColumnWishes): BatchError {
  const each = absent.map((name) => {
    const nearest = nearestName(name, found)
    return nearest === undefined ? quote(name) : `${quote(name)} (did you mean ${quote(nearest)}?)`
  })
  return unfit(wishes, `has no column ${each.join(', ')}`, found)
}

function unfit({ file }: ColumnWishes, what: string, found: readonly string[]): BatchError {
  return new BatchError('READ_FAILED', `${file} ${what}. Its columns are ${quoteAll(found)}.`, {
    details: { file, columns: found },
  })
}

function quoteAll(names: readonly string[]): string {
  return names.map(quote).join(', ')
}

function quote(name: string): string {
  return JSON.stringify(name)
}
