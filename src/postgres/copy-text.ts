/** Items as Postgres's COPY text format: one line an item, tabs between columns, `\N` for null. */
import { valueText } from './column-type.ts'
import { hasUnstorableText, UNSTORABLE_TEXT, unwritableItem } from './unwritable-item.ts'
import type { WrittenColumn } from './written-column.ts'

/** As UTF-8, cut at line ends into parts of about 64 KiB: one string for a whole chunk takes longer to encode. */
export type CopyTextEncoder<T> = (items: readonly T[]) => readonly Buffer[]

const PART_LENGTH = 65_536

/**
 * Made once for a column list, because it runs for each field of each item. Line n of what it makes is item n, whatever
 * the values hold.
 * @throws BatchError WRITE_FAILED (when called) with `itemIndex` and `column`, for a value that cannot be written.
 */
export function copyTextEncoder<T>(columns: readonly WrittenColumn<T>[]): CopyTextEncoder<T> {
  const [first, ...others] = columns.map(fieldEncoder)
  if (first === undefined) throw new RangeError('COPY needs at least one column')

  const encode = (items: readonly T[]): readonly Buffer[] => {
    const parts: Buffer[] = []
    let text = ''
    for (const item of items) {
      text += first(item)
      for (const field of others) text += `\t${field(item)}`
      text += '\n'
      if (text.length < PART_LENGTH) continue
      parts.push(utf8(text))
      text = ''
    }
    if (text !== '') parts.push(utf8(text))
    return parts
  }

  return (items) => {
    try {
      return encode(items)
    } catch (error) {
      throw unwritableItem(items, columns, error)
    }
  }
}

/** Strings, numbers and nulls take the short way; the rest is decided by the column's type. */
function fieldEncoder<T>({ value: key, type }: WrittenColumn<T>): (item: T) => string {
  const field = (value: unknown): string => {
    if (typeof value === 'string') return escapeField(value)
    if (typeof value === 'number') return `${value}`
    const text = valueText(value, type)
    return text === null ? NULL : escapeField(text)
  }
  return typeof key === 'function' ? (item) => field(key(item)) : (item) => field(item[key])
}

const NULL = String.raw`\N`
const ESCAPED = /[\t\n\r\\]/
const ESCAPES: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' }

function escapeField(text: string): string {
  return ESCAPED.test(text) ? text.replaceAll(/[\t\n\r\\]/g, (character) => ESCAPES[character] ?? '') : text
}

/** Looked for in the whole part at once, which costs next to nothing; the item is found afterwards. */
function utf8(text: string): Buffer {
  if (hasUnstorableText(text)) throw new RangeError(UNSTORABLE_TEXT)
  return Buffer.from(text, 'utf8')
}
