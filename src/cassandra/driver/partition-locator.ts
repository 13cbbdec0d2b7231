/** Tokens made here, as the servers make them: asked for with each row they would cost a fifth of a scan. */
import type { Client } from 'cassandra-driver'
import type { CassandraSession, CassandraTable } from '../cassandra-client.ts'
import type { CqlType } from '../cql-type.ts'
import { nullable, toDriver } from './driver-values.ts'
import type { Driver } from './load-driver.ts'

/** A type as the driver's encoder knows it. */
interface DriverType {
  readonly code: number
  readonly info?: unknown
  readonly customTypeName?: string
}

/** What the driver's declarations leave out. */
interface WithEncoder {
  readonly controlConnection: {
    readonly getEncoder: () => { readonly encode: (value: unknown, type: DriverType) => Buffer }
  }
}

type EncodeKeyPart = (value: unknown) => Buffer

export function partitionLocator(driver: Driver, client: Client): CassandraSession['locate'] {
  const known = new WeakMap<CassandraTable, readonly EncodeKeyPart[]>()
  return (table, key) => {
    let parts = known.get(table)
    if (parts === undefined) known.set(table, (parts = keyEncoders(driver, client, table)))
    const bytes = joined(parts.map((encode, index) => encode(key[index])))
    const token = client.metadata.newToken(bytes) as unknown as { readonly toString: () => string }
    return { token: BigInt(token.toString()), bytes }
  }
}

function keyEncoders(
  driver: Driver,
  client: Client,
  { partitionKey }: CassandraTable,
): readonly EncodeKeyPart[] {
  const encoder = (client as unknown as WithEncoder).controlConnection.getEncoder()
  return partitionKey.map(({ type }) => {
    const convert = nullable(toDriver(driver, type))
    const ofDriver = driverType(driver, type)
    return (value) => encoder.encode(convert(value), ofDriver)
  })
}

/** A key of several columns has a length before, and a zero behind each of them. */
function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const end = Buffer.from([0])
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(part.length)
      return [length, part, end]
    }),
  )
}

function driverType(driver: Driver, type: CqlType): DriverType {
  const { dataTypes } = driver.types
  const of = (one: CqlType): DriverType => driverType(driver, one)
  switch (type.kind) {
    case 'list':
    case 'set':
      return { code: dataTypes[type.kind], info: of(type.of) }
    case 'map':
      return { code: dataTypes.map, info: [of(type.key), of(type.value)] }
    case 'tuple':
      return { code: dataTypes.tuple, info: type.of.map(of) }
    case 'vector':
      return { code: dataTypes.custom, info: [of(type.of), type.dimension], customTypeName: 'vector' }
    case 'udt':
      return {
        code: dataTypes.udt,
        info: {
          name: type.name,
          fields: type.fields.map((field) => ({ name: field.name, type: of(field.type) })),
        },
      }
    case 'custom':
      throw new TypeError(`keys of type ${type.name} cannot be located`)
    default:
      return { code: dataTypes[type.kind] }
  }
}
