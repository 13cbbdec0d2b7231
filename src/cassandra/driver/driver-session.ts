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
import type { CqlType } from '../cql-type.ts'
import { columnOf } from '../table-name.ts'
import { mutationText, selectText, TOKEN_COLUMN } from './cql-text.ts'
import { describeTable } from './describe-table.ts'
import { fromDriver, nullable, toDriver } from './driver-values.ts'
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
    select: (select) => runSelect(driver, client, select),
    mutate: async (mutations, { consistency, serialConsistency, idempotent }) => {
      const options = {
        prepare: true,
        isIdempotent: idempotent,
        consistency: consistencyCode(driver, consistency),
        serialConsistency: consistencyCode(driver, serialConsistency),
      }
      const [first, ...others] = mutations.map(prepare)
      if (first === undefined) return { applied: true }
      const isConditional = mutations.some(({ shape }) => shape.condition !== undefined)
      const result =
        others.length === 0
          ? await client.execute(first.query, first.params, options)
          : await client.batch([first, ...others], batchOptions(options, mutations))
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
    tokens: select.from.by === 'token' && select.distinct !== true ? tokensOf(result) : [],
    next: result.pageState ?? undefined,
  }
}

/** To a node that holds the range. The driver takes a token there, which its declarations leave out. */
function rangeRouting(client: Client, { from }: CassandraSelect): QueryOptions {
  const token = from.by === 'token' ? (from.upTo ?? from.after) : undefined
  if (token === undefined) return {}
  return { routingKey: client.metadata.newToken(String(token)) as unknown as Buffer }
}

function tokensOf({ rows }: driverTypes.ResultSet): readonly bigint[] {
  return rows.map((row) => (row as unknown as Record<string, bigint>)[TOKEN_COLUMN] as bigint)
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
      else decoded[name] = (convert === undefined ? value : convert(value)) as CqlValue
    }
    return decoded
  })
}

interface BoundMutation {
  readonly query: string
  readonly params: unknown[]
}

type Encode = (value: CqlValue) => unknown

/** The text of a shape is made once, and so are the conversions of its columns. */
function mutationBinder(driver: Driver): (mutation: CassandraMutation) => BoundMutation {
  const known = new WeakMap<
    MutationShape,
    { readonly query: string; readonly key: readonly Encode[]; readonly values: readonly Encode[] }
  >()
  const encoderOf = (shape: MutationShape, name: string): Encode =>
    nullable(toDriver(driver, typeOf(shape, name)))
  const preparedOf = (shape: MutationShape) => {
    const found = known.get(shape) ?? {
      query: mutationText(shape),
      key: shape.key.map((name) => encoderOf(shape, name)),
      values: shape.columns.map(({ name }) => encoderOf(shape, name)),
    }
    known.set(shape, found)
    return found
  }
  return (mutation) => {
    const { query, key, values } = preparedOf(mutation.shape)
    const keys = mutation.key.map((value, index) => key[index]?.(value))
    // Undefined is left unset, which null is not.
    const bound = mutation.values.map((value, index) =>
      value === undefined ? undefined : values[index]?.(value),
    )
    return { query, params: inOrder(mutation, keys, bound) }
  }
}

function typeOf({ table }: MutationShape, name: string): CqlType {
  return columnOf(table, name, 'INVALID_WRITER_OPTIONS').type
}

/** As `mutationText` says. */
function inOrder(
  { shape, ttl, timestamp }: CassandraMutation,
  key: readonly unknown[],
  values: readonly unknown[],
): unknown[] {
  const using = [...(shape.hasTtl ? [ttl] : []), ...(shape.hasTimestamp ? [timestamp] : [])]
  return shape.operation === 'insert' ? [...key, ...values, ...using] : [...using, ...values, ...key]
}

type Consistency = CassandraConsistency | SerialConsistency

/** `local-quorum` is the driver's `localQuorum`. */
function consistencyCode(driver: Driver, name: Consistency): number {
  const code = name.replace(/-(.)/, (_, letter: string) => letter.toUpperCase())
  return driver.types.consistencies[code as keyof typeof driver.types.consistencies]
}
