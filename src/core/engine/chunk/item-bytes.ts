/** How large an item is, roughly: enough to keep chunks within their bytes, and cheap. */

/** Deeper parts of an item count nothing: items that large have their size in breadth. */
const DEEPEST = 8
const SCALAR = 8

/**
 * About the size of the item as JSON: texts by their length, binary data by its bytes, numbers, dates and the like as 8,
 * objects and lists as their parts with the names of the keys.
 */
export function estimateBytes(item: unknown, depth = 0): number {
  if (typeof item === 'string') return item.length
  if (typeof item !== 'object' || item === null) return SCALAR
  if (ArrayBuffer.isView(item)) return item.byteLength
  if (depth === DEEPEST || item instanceof Date) return SCALAR
  let sum = 0
  if (Array.isArray(item)) for (const one of item) sum += 1 + estimateBytes(one, depth + 1)
  else
    for (const key of Object.keys(item)) sum += key.length + 4 + estimateBytes(partOf(item, key), depth + 1)
  return sum
}

function partOf(item: object, key: string): unknown {
  return (item as Readonly<Record<string, unknown>>)[key]
}
