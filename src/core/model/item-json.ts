/** Items as JSON text that becomes the same item again: what plain JSON would lose is tagged, what cannot be kept is refused. */

/** One key, and a name that stands for what JSON has not: `{ "$date": "2026-02-01T00:00:00.000Z" }`. */
const TAG = /^\$/

/** NUL and halves of surrogate pairs: JSON can hold them, but Postgres then refuses to look into the text. */
const BEYOND_POSTGRES = /\0|\p{Surrogate}/u

/** Where the item cannot be kept, and why; thrown by `encodeItem` only, for `quarantinePayload`. */
export class UnkeepableItem extends Error {
  override readonly name = 'UnkeepableItem'
}

/**
 * Kept: JSON's values, bigints, undefined, NaN, infinities and -0, Dates, Maps, Sets, Buffers and Uint8Arrays, lists and
 * plain objects of these. An object that stands in two places comes back as two.
 * @throws UnkeepableItem for functions, symbols, objects of classes, holes in lists, and circles.
 */
export function encodeItem(item: unknown): string {
  return JSON.stringify(encodeValue(item, 'the item', []))
}

/** The item that `encodeItem` was given. @throws SyntaxError for a text that it has not made. */
export function decodeItem(json: string): unknown {
  return decodeValue(JSON.parse(json))
}

type Tree = null | boolean | number | string | readonly Tree[] | { readonly [key: string]: Tree }

function encodeValue(value: unknown, path: string, parents: readonly object[]): Tree {
  switch (typeof value) {
    case 'string':
      return BEYOND_POSTGRES.test(value)
        ? { $utf16: Buffer.from(value, 'utf16le').toString('base64') }
        : value
    case 'boolean':
      return value
    case 'number':
      return encodeNumber(value)
    case 'bigint':
      return { $bigint: String(value) }
    case 'undefined':
      return { $undefined: true }
    case 'object':
      return value === null ? null : encodeObject(value, path, parents)
    default:
      throw new UnkeepableItem(`${path} is a ${typeof value}`)
  }
}

function encodeNumber(value: number): Tree {
  return Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : { $number: Object.is(value, -0) ? '-0' : String(value) }
}

function encodeObject(value: object, path: string, parents: readonly object[]): Tree {
  if (parents.includes(value)) throw new UnkeepableItem(`${path} holds itself`)
  const inside = [...parents, value]
  const encode = (one: unknown, key: string): Tree => encodeValue(one, `${path}${key}`, inside)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) throw ofClass(value, path)
    return Array.from({ length: value.length }, (_, index) => {
      if (!(index in value)) throw new UnkeepableItem(`${path} has a hole at ${index}`)
      return encode(value[index], `[${index}]`)
    })
  }
  switch (prototype) {
    case Object.prototype:
    case null:
      return encodePlain(value, encode)
    case Date.prototype:
      return { $date: Number.isNaN((value as Date).getTime()) ? null : (value as Date).toISOString() }
    case Buffer.prototype:
      return { $buffer: (value as Buffer).toString('base64') }
    case Uint8Array.prototype:
      return { $bytes: Buffer.from(value as Uint8Array).toString('base64') }
    case Map.prototype:
      return {
        $map: [...(value as Map<unknown, unknown>)].map((pair) => pair.map((one) => encode(one, '<Map>'))),
      }
    case Set.prototype:
      return { $set: [...(value as Set<unknown>)].map((one) => encode(one, '<Set>')) }
    default:
      throw ofClass(value, path)
  }
}

/** A key of the item's own that begins with our mark gets one more, so that it is never taken for a tag. */
function encodePlain(value: object, encode: (one: unknown, key: string) => Tree): Tree {
  const [symbol] = Object.getOwnPropertySymbols(value)
  if (symbol !== undefined) throw new UnkeepableItem(`an object has the key ${String(symbol)}`)
  const odd = Object.keys(value).find((key) => BEYOND_POSTGRES.test(key))
  if (odd !== undefined) throw new UnkeepableItem(`an object has the key ${JSON.stringify(odd)}`)
  const fields = Object.entries(value).map(([key, one]): [string, Tree] => [
    TAG.test(key) ? `$${key}` : key,
    encode(one, `.${key}`),
  ])
  return Object.fromEntries(fields)
}

function ofClass(value: object, path: string): UnkeepableItem {
  const name = (value.constructor as { name?: unknown } | undefined)?.name
  return new UnkeepableItem(
    `${path} is an object of class ${typeof name === 'string' && name !== '' ? name : '?'}`,
  )
}

function decodeValue(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(decodeValue)
  if (typeof tree !== 'object' || tree === null) return tree
  const entries = Object.entries(tree)
  const [first] = entries
  if (entries.length === 1 && first !== undefined && /^\$[a-z]/.test(first[0]))
    return decodeTag(first[0], first[1])
  return Object.fromEntries(
    entries.map(([key, one]) => [key.startsWith('$$') ? key.slice(1) : key, decodeValue(one)]),
  )
}

function decodeTag(tag: string, value: unknown): unknown {
  switch (tag) {
    case '$bigint':
      return BigInt(value as string)
    case '$undefined':
      return undefined
    case '$utf16':
      return Buffer.from(value as string, 'base64').toString('utf16le')
    case '$number':
      return Number(value)
    case '$date':
      return value === null ? new Date(Number.NaN) : new Date(value as string)
    case '$buffer':
      return Buffer.from(value as string, 'base64')
    case '$bytes':
      return new Uint8Array(Buffer.from(value as string, 'base64'))
    case '$map':
      return new Map((decodeValue(value) as [unknown, unknown][]).map(([key, one]) => [key, one]))
    case '$set':
      return new Set(decodeValue(value) as unknown[])
    default:
      throw new SyntaxError(`an item with the unknown tag ${tag}`)
  }
}
