/** What a zod schema says about the fields of a row: their types, and what an empty field stands for. */
import type { z } from 'zod'

/** A file holds text only; this is what the schema wants instead. */
export type FieldKind = 'text' | 'number' | 'bigint' | 'boolean' | 'date'

export interface SchemaField {
  readonly kind: FieldKind
  /** Whether the schema coerces by itself: then an empty number must not be taken for 0. */
  readonly coerced: boolean
  readonly nullable: boolean
  readonly optional: boolean
  /** Whether a row without this column is refused by the schema. */
  readonly required: boolean
}

export interface RowSchema {
  readonly fields: ReadonlyMap<string, SchemaField>
  /** What happens to columns that are not among the fields. */
  readonly others: 'ignored' | 'refused' | 'kept'
}

/** The parts of zod's own description that are looked at here. */
interface Definition {
  readonly type: string
  readonly coerce?: boolean
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly options?: readonly z.ZodType[]
  readonly catchall?: z.ZodType
  readonly shape?: Readonly<Record<string, z.ZodType>>
}

const KINDS: ReadonlyMap<string, FieldKind> = new Map([
  ['number', 'number'],
  ['bigint', 'bigint'],
  ['boolean', 'boolean'],
  ['date', 'date'],
])
/** Types that take null or undefined themselves and leave the rest to the inner one. */
const NULLABLE: ReadonlySet<string> = new Set(['nullable', 'null'])
const OPTIONAL: ReadonlySet<string> = new Set(['optional', 'default', 'prefault', 'undefined'])

/** Undefined where the schema's input is not an object with known fields: such a schema gets every column as text. */
export function rowSchema(schema: z.ZodType): RowSchema | undefined {
  const { type, in: input, shape, catchall } = definition(schema)
  if (type === 'pipe' && input) return rowSchema(input)
  if (type !== 'object' || !shape) return undefined
  const fields = new Map(Object.entries(shape).map(([name, field]) => [name, schemaField(field)]))
  if (catchall === undefined) return { fields, others: 'ignored' }
  return { fields, others: definition(catchall).type === 'never' ? 'refused' : 'kept' }
}

function schemaField(schema: z.ZodType): SchemaField {
  const { type, coerce, innerType, in: input, options } = definition(schema)
  if (options) return unionField(options.map(schemaField))
  const inner = innerType ?? (type === 'pipe' ? input : undefined)
  const field = inner ? schemaField(inner) : undefined
  return {
    kind: field?.kind ?? KINDS.get(type) ?? 'text',
    coerced: field?.coerced ?? coerce === true,
    nullable: NULLABLE.has(type) || (field?.nullable ?? false),
    optional: type !== 'nonoptional' && (OPTIONAL.has(type) || (field?.optional ?? false)),
    required: schema._zod.optin === undefined,
  }
}

/** `z.union([z.number(), z.null()])` is a nullable number; a union of several types is text. */
function unionField(options: readonly SchemaField[]): SchemaField {
  const values = options.filter((option) => !(option.kind === 'text' && (option.nullable || option.optional)))
  const [first] = values
  const alike = first !== undefined && values.every((option) => option.kind === first.kind)
  return {
    kind: alike ? first.kind : 'text',
    coerced: values.some((option) => option.coerced),
    nullable: options.some((option) => option.nullable),
    optional: options.some((option) => option.optional),
    required: options.every((option) => option.required),
  }
}

function definition(schema: z.ZodType): Definition {
  return schema._zod.def as unknown as Definition
}
