/** The port, over one client of cassandra-driver: statements prepared, routed by their partition's token. */
import type { Client, QueryOptions, types as driverTypes } from 'cassandra-driver'
import type {
  CassandraConsistency,
  CassandraMutation,
  CassandraPage,
  CassandraRow,
  CassandraSelect,
  CassandraSession,
  CqlValue,
  MutationShape,
  SerialConsistency,
} from '../cassandra-client.ts'
import { columnOf } from '../table-name.ts'
import { mutationText, selectText } from './cql-text.ts'
import { describeTable } from './describe-table.ts'
import { partitionLocator } from './partition-locator.ts'
import { type Convert, fromDriver, nullable, toDriver } from './driver-values.ts'
import type { Driver } from './load-driver.ts'

export function driverSession(
  driver: Driver,
  client: Client,
  defaultKeyspace: string | undefined,
): CassandraSession {
  const prepare = mutationBinder(driver)
  return {
    describeTable: async ({ keyspace = defaultKeyspace, name }) => {
      if (keyspace === undefined) return { missing: 'keyspace', keyspace, known: [] }
      return describeTable(client, keyspace, name)
    },
    describeRing: async () => describeRing(client),
    locate: partitionLocator(driver, client),
    select: (select) => runSelect(driver, client, select),
    mutate: async (mutations, { consistency, serialConsistency, idempotent }) => {
      const options: QueryOptions = {
        prepare: true,
        isIdempotent: idempotent,
        consistency: consistencyCode(driver, consistency),
        serialConsistency: consistencyCode(driver, serialConsistency),
      }
      const [first, ...others] = mutations
      if (first === undefined) return { applied: true }
      if (others.length === 0) {
        const { query, params } = prepare(first)
        const result = await client.execute(query, params, options)
        return { applied: first.shape.condition === undefined || result.wasApplied() }
      }
      const isConditional = mutations.some(({ shape }) => shape.condition !== undefined)
      const result = await client.batch(mutations.map(prepare), batchOptions(options, mutations))
      return { applied: !isConditional || result.wasApplied() }
    },
    close: () => client.shutdown(),
  }
}

function batchOptions(options: QueryOptions, mutations: readonly CassandraMutation[]): QueryOptions {
  return { ...options, logged: false, counter: mutations.some(({ shape }) => shape.table.isCounter) }
}

function describeRing(client: Client): { readonly partitioner: string; readonly tokens: readonly bigint[] } {
  const { tokenizer } = client.metadata as unknown as { readonly tokenizer: object }
  const partitioner = tokenizer.constructor.name.replace(/Tokenizer$/, 'Partitioner')
  // Other partitioners' tokens are no numbers, or no 64 bits: whoever asks is told the name.
  if (partitioner !== 'Murmur3Partitioner') return { partitioner, tokens: [] }
  const ends = [...client.metadata.getTokenRanges()].map((range) =>
    BigInt((range as unknown as { readonly end: { readonly toString: () => string } }).end.toString()),
  )
  return { partitioner, tokens: [...new Set(ends)].toSorted((one, other) => (one < other ? -1 : 1)) }
}

async function runSelect(driver: Driver, client: Client, select: CassandraSelect): Promise<CassandraPage> {
  const { text, values } = selectText(select)
  const params = values.map(({ value, type }) => nullable(toDriver(driver, type))(value))
  const result = await client.execute(text, params, {
    prepare: true,
    isIdempotent: true,
    autoPage: false,
    fetchSize: select.fetchSize,
    consistency: consistencyCode(driver, select.consistency),
    ...(select.page !== undefined && { pageState: select.page }),
    ...rangeRouting(client, select),
  })
  return {
    rows: decodeRows(driver, select, result),
    next: result.pageState ?? undefined,
  }
}

/** To a node that holds the range. The driver takes a token there, which its declarations leave out. */
function rangeRouting(client: Client, { from }: CassandraSelect): QueryOptions {
  const token = from.by === 'token' ? (from.upTo ?? from.after) : undefined
  if (token === undefined) return {}
  return { routingKey: client.metadata.newToken(String(token)) as unknown as Buffer }
}

/** Objects of their own: the driver's rows carry more than the columns. */
function decodeRows(
  driver: Driver,
  { table, columns }: CassandraSelect,
  { rows }: driverTypes.ResultSet,
): readonly CassandraRow[] {
  const converts = columns.map((name) => ({
    name,
    convert: fromDriver(driver, columnOf(table, name, 'INVALID_READER_OPTIONS').type),
  }))
  return rows.map((row) => {
    const decoded: Record<string, CqlValue> = {}
    for (const { name, convert } of converts) {
      const value: unknown = row[name]
      if (value === null || value === undefined) decoded[name] = null
      else decoded[name] = convert === undefined ? (value as CqlValue) : converted(convert, value, name)
    }
    return decoded
  })
}

function converted(convert: NonNullable<Convert>, value: unknown, column: string): CqlValue {
  try {
    return convert(value) as CqlValue
  } catch (cause) {
    throw new TypeError(`column ${column}: ${(cause as Error).message}`, { cause })
  }
}

interface BoundMutation {
  readonly query: string
  readonly params: unknown[]
}

/** The text of a shape is made once, and so are the conversions of its columns. */
function mutationBinder(driver: Driver): (mutation: CassandraMutation) => BoundMutation {
  const known = new WeakMap<MutationShape, ShapeBinding>()
  return ({ shape, key, values, ttl, timestamp }) => {
    let binding = known.get(shape)
    if (binding === undefined) known.set(shape, (binding = bindingOf(driver, shape)))
    const params: unknown[] = []
    // In the order that `mutationText` says.
    const bindUsing = (): void => {
      if (shape.hasTtl) params.push(ttl)
      if (shape.hasTimestamp) params.push(timestamp)
    }
    if (shape.operation !== 'insert') bindUsing()
    else bindAll(params, key, binding.key)
    bindAll(params, values, binding.values)
    if (shape.operation === 'insert') bindUsing()
    else bindAll(params, key, binding.key)
    return { query: binding.query, params }
  }
}

interface ShapeBinding {
  readonly query: string
  readonly key: readonly Convert[]
  readonly values: readonly Convert[]
}

function bindingOf(driver: Driver, shape: MutationShape): ShapeBinding {
  const convertOf = (name: string): Convert =>
    toDriver(driver, columnOf(shape.table, name, 'INVALID_WRITER_OPTIONS').type)
  return {
    query: mutationText(shape),
    key: shape.key.map(convertOf),
    values: shape.columns.map(({ name }) => convertOf(name)),
  }
}

/** Undefined is left unset, which null is not. */
function bindAll(
  params: unknown[],
  values: readonly (CqlValue | undefined)[],
  converts: readonly Convert[],
): void {
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]
    const convert = converts[index]
    params.push(convert === undefined || value === undefined || value === null ? value : convert(value))
  }
}

type Consistency = CassandraConsistency | SerialConsistency

const DRIVER_NAMES = {
  any: 'any',
  one: 'one',
  two: 'two',
  three: 'three',
  quorum: 'quorum',
  all: 'all',
  'local-quorum': 'localQuorum',
  'each-quorum': 'eachQuorum',
  'local-one': 'localOne',
  serial: 'serial',
  'local-serial': 'localSerial',
} as const satisfies Record<Consistency, string>

function consistencyCode(driver: Driver, name: Consistency): number {
  return driver.types.consistencies[DRIVER_NAMES[name]]
}
