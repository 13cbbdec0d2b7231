/** The types of CQL: how a column's type is written, and what it is made of. */

const CQL_SCALARS = [
  'ascii',
  'bigint',
  'blob',
  'boolean',
  'counter',
  'date',
  'decimal',
  'double',
  'duration',
  'float',
  'inet',
  'int',
  'smallint',
  'text',
  'time',
  'timestamp',
  'timeuuid',
  'tinyint',
  'uuid',
  'varint',
] as const
export type CqlScalar = (typeof CQL_SCALARS)[number]

export type CqlType =
  | { readonly kind: CqlScalar }
  | { readonly kind: 'list' | 'set'; readonly of: CqlType; readonly frozen: boolean }
  | { readonly kind: 'map'; readonly key: CqlType; readonly value: CqlType; readonly frozen: boolean }
  | { readonly kind: 'tuple'; readonly of: readonly CqlType[] }
  | { readonly kind: 'vector'; readonly of: CqlType; readonly dimension: number }
  | { readonly kind: 'udt'; readonly name: string; readonly fields: readonly CqlField[] }
  /** A class of the server's own: its values are passed on as the driver has them. */
  | { readonly kind: 'custom'; readonly name: string }

export interface CqlField {
  readonly name: string
  readonly type: CqlType
}

/** The fields of the keyspace's user-defined types, with their types as they are written. */
export type UserTypes = ReadonlyMap<string, readonly { readonly name: string; readonly type: string }[]>

/** `frozen<map<text, "Address">>`, as `system_schema` writes it. @throws TypeError for what is no type */
export function parseCqlType(text: string, userTypes: UserTypes = new Map()): CqlType {
  const words = text.match(/"(?:[^"]|"")*"|'[^']*'|[\w.]+|[<>,]/g) ?? []
  let next = 0
  const take = (): string => words[next++] ?? ''
  const argument = (frozen: boolean): CqlType => {
    const name = take()
    if (words[next] !== '<') return namedType(name, userTypes)
    next += 1
    if (name === 'frozen') {
      const type = argument(true)
      expect('>')
      return type
    }
    return parameterised(name, frozen)
  }
  const expect = (sign: string): void => {
    if (take() !== sign) throw new TypeError(`'${text}' is not a CQL type: ${sign} is missing`)
  }
  /** What stands within frozen<…> is frozen too. */
  const parameterised = (name: string, frozen: boolean): CqlType => {
    const first = argument(true)
    const others: CqlType[] = []
    let dimension = 0
    while (words[next] === ',') {
      next += 1
      if (name === 'vector') dimension = Number(take())
      else others.push(argument(true))
    }
    expect('>')
    const [second] = others
    if (name === 'list' || name === 'set') return { kind: name, of: first, frozen }
    if (name === 'tuple') return { kind: 'tuple', of: [first, ...others] }
    if (name === 'vector') return { kind: 'vector', of: first, dimension }
    if (name === 'map' && second !== undefined) return { kind: 'map', key: first, value: second, frozen }
    throw new TypeError(`'${text}' is not a CQL type: ${name} is not known`)
  }
  const type = argument(false)
  if (next !== words.length) throw new TypeError(`'${text}' is not a CQL type`)
  return type
}

function namedType(name: string, userTypes: UserTypes): CqlType {
  const unquoted = name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name
  const scalar = CQL_SCALARS.find((one) => one === (unquoted === 'varchar' ? 'text' : unquoted))
  if (scalar !== undefined && !name.startsWith('"')) return { kind: scalar }
  const fields = userTypes.get(unquoted)
  if (fields === undefined) {
    if (name.startsWith("'") || name.includes('.')) return { kind: 'custom', name: unquoted }
    throw new TypeError(`'${name}' is not a CQL type that is known`)
  }
  return {
    kind: 'udt',
    name: unquoted,
    fields: fields.map((field) => ({ name: field.name, type: parseCqlType(field.type, userTypes) })),
  }
}

/** `map<text, list<int>>`, for messages. */
export function describeType(type: CqlType): string {
  switch (type.kind) {
    case 'list':
    case 'set':
      return `${type.kind}<${describeType(type.of)}>`
    case 'map':
      return `map<${describeType(type.key)}, ${describeType(type.value)}>`
    case 'tuple':
      return `tuple<${type.of.map(describeType).join(', ')}>`
    case 'vector':
      return `vector<${describeType(type.of)}, ${type.dimension}>`
    case 'udt':
    case 'custom':
      return type.name
    default:
      return type.kind
  }
}
