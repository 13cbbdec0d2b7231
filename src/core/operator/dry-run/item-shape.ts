/** What items look like: their fields, with the types, lengths and values that were seen. */
import { inspect } from 'node:util'
import type { Shape, ShapeField } from './dry-run-report.ts'

const DEEPEST = 4
const MOST_FIELDS = 200
const ELEMENTS_LOOKED_AT = 20
const EXAMPLES = 3
const EXAMPLE_LENGTH = 40

export interface ShapeCollector {
  readonly add: (item: unknown) => void
  readonly shape: () => Shape
}

/** Its size does not grow with the items, but with the fields that they have, and those are limited. */
export function createShapeCollector(): ShapeCollector {
  const fields = new Map<string, Field>()
  let count = 0
  const fieldAt = (path: string, parent: Field | undefined): Field | undefined => {
    const known = fields.get(path)
    if (known !== undefined || fields.size >= MOST_FIELDS) return known
    const field: Field = {
      parent,
      seen: 0,
      types: new Map(),
      lengths: undefined,
      values: undefined,
      examples: [],
    }
    fields.set(path, field)
    return field
  }
  const look = (path: string, value: unknown, parent: Field | undefined, depth: number): void => {
    const field = fieldAt(path, parent)
    if (field === undefined) return
    note(field, value)
    if (depth === DEEPEST) return
    if (Array.isArray(value)) {
      for (const one of value.slice(0, ELEMENTS_LOOKED_AT)) look(`${path}[]`, one, field, depth + 1)
    } else if (isRecord(value)) {
      for (const [key, one] of Object.entries(value))
        if (one !== undefined) look(path === '' ? key : `${path}.${key}`, one, field, depth + 1)
    }
  }
  return {
    add: (item) => {
      count += 1
      look('', item, undefined, 0)
    },
    shape: () => ({ count, fields: [...fields].flatMap(([path, field]) => shapeOf(path, field)) }),
  }
}

interface Field {
  readonly parent: Field | undefined
  seen: number
  readonly types: Map<string, number>
  lengths: { min: number; max: number } | undefined
  values: { min: Comparable; max: Comparable } | undefined
  readonly examples: string[]
}

type Comparable = number | bigint | Date

function note(field: Field, value: unknown): void {
  const type = typeOf(value)
  field.seen += 1
  field.types.set(type, (field.types.get(type) ?? 0) + 1)
  const length = lengthOf(value)
  if (length !== undefined) field.lengths = widened(field.lengths, length)
  if (isComparable(value)) field.values = widened(field.values, value)
  if (field.examples.length < EXAMPLES && !isRecord(value) && !Array.isArray(value)) {
    const example = exampleOf(value)
    if (!field.examples.includes(example)) field.examples.push(example)
  }
}

function widened<T>(range: { min: T; max: T } | undefined, value: T): { min: T; max: T } {
  if (range === undefined) return { min: value, max: value }
  return { min: value < range.min ? value : range.min, max: value > range.max ? value : range.max }
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (value instanceof Date) return 'date'
  if (ArrayBuffer.isView(value)) return 'bytes'
  if (typeof value !== 'object' || isRecord(value)) return typeof value
  const { constructor } = value as { constructor?: { name?: string } }
  return constructor?.name ?? 'object'
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  return ArrayBuffer.isView(value) ? value.byteLength : undefined
}

function isComparable(value: unknown): value is Comparable {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Date
}

function exampleOf(value: unknown): string {
  const text =
    typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 0, breakLength: Infinity })
  return text.length > EXAMPLE_LENGTH ? `${text.slice(0, EXAMPLE_LENGTH - 1)}…` : text
}

/** An item that is an object shows by its fields; an empty one has none. */
function shapeOf(path: string, field: Field): readonly ShapeField[] {
  const { parent, seen, types, lengths, values, examples } = field
  if (path === '' && types.size === 1 && types.has('object')) return []
  const possible = path.endsWith('[]') || parent === undefined ? seen : (parent.types.get('object') ?? seen)
  return [
    {
      path,
      types: Object.fromEntries(types),
      nullShare: (types.get('null') ?? 0) / Math.max(possible, 1),
      absentShare: Math.max(possible - seen, 0) / Math.max(possible, 1),
      lengths: lengths ?? null,
      values: values === undefined ? null : { min: valueText(values.min), max: valueText(values.max) },
      examples,
    },
  ]
}

function valueText(value: Comparable): string {
  if (!(value instanceof Date)) return String(value)
  return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString()
}
