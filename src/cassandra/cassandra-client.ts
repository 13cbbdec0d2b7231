/** The one port between Cassandra's readers and writers and a driver. Any store that speaks CQL can stand behind it. */
import type { CqlType } from './cql-type.ts'

/** A definition, not a connection: each session that it opens has its own. */
export interface CassandraClient {
  /** For explanations: `cassandra localhost:9042 (datacenter1)`. No secrets. */
  readonly description: string
  /**
   * Connects, or leaves nothing open.
   * @throws BatchError SERVER_UNAVAILABLE where no contact point answers, the data center is not theirs or the log-in is
   * refused; OPTIONAL_PACKAGE_MISSING
   */
  readonly openSession: (options: { readonly signal: AbortSignal }) => Promise<CassandraSession>
}

/**
 * Goes on by itself where servers are away for a while: what is asked meanwhile fails, and may be asked again. Calls may
 * overlap. What it throws is the driver's error, unless something else is said.
 */
export interface CassandraSession {
  /** Asked of the server each time. */
  readonly describeTable: (name: CassandraTableName) => Promise<CassandraTable | MissingTable>
  /** How the tokens are shared among the nodes now. */
  readonly describeRing: () => Promise<CassandraRing>
  /** Where a partition of these key values stands, whether it is there or not. */
  readonly locate: (table: CassandraTable, key: readonly CqlValue[]) => PartitionLocation
  /** At most `fetchSize` rows. A page without rows but with `next` is not the end. */
  readonly select: (select: CassandraSelect) => Promise<CassandraPage>
  /** One mutation, or several of one partition: these together or not at all. Settles when they are acknowledged. */
  readonly mutate: (
    mutations: readonly CassandraMutation[],
    options: CassandraMutationOptions,
  ) => Promise<CassandraMutated>
  /** Called once, also while something is under way. */
  readonly close: () => Promise<void>
}

/** Names are exact, as the schema has them: `Trade` is not `trade`. */
export interface CassandraTableName {
  /** @default the client's */
  readonly keyspace?: string
  readonly name: string
}

export interface CassandraTable {
  readonly keyspace: string
  readonly name: string
  /** In the order of the schema. */
  readonly columns: readonly CassandraColumn[]
  /** In the key's order. */
  readonly partitionKey: readonly CassandraColumn[]
  /** In the key's order. */
  readonly clusteringKey: readonly CassandraColumn[]
  /** All its columns but those of the key are counters. */
  readonly isCounter: boolean
}

export interface CassandraColumn {
  readonly name: string
  readonly type: CqlType
  /** A `static` column has one value for the whole partition. */
  readonly role: 'partition' | 'clustering' | 'static' | 'regular'
  /** Of a clustering column: how rows are ordered by it. */
  readonly order: 'asc' | 'desc'
}

export interface MissingTable {
  readonly missing: 'keyspace' | 'table'
  /** Undefined where neither the name nor the client has one. */
  readonly keyspace: string | undefined
  /** What there is: keyspaces, or the keyspace's tables. */
  readonly known: readonly string[]
}

export interface CassandraRing {
  /** The class that makes tokens of keys, without its package. */
  readonly partitioner: string
  /** Where the nodes' ranges end, in ascending order. The last range ends, and the first begins, with the ring. */
  readonly tokens: readonly bigint[]
}

/**
 * A value as items have it. `bigint`, `varint` and `counter` are bigints; `decimal`, `uuid`, `timeuuid`, `inet`, `date`, `time` and
 * `duration` are text, with every digit; `timestamp` is a Date, `blob` a Buffer; lists, tuples and vectors are arrays, sets are
 * Sets, maps are Maps; a user-defined type is an object.
 */
export type CqlValue =
  | null
  | string
  | number
  | bigint
  | boolean
  | Date
  | Buffer
  | readonly CqlValue[]
  | ReadonlySet<CqlValue>
  | ReadonlyMap<CqlValue, CqlValue>
  | { readonly [field: string]: CqlValue }

export type CassandraRow = Readonly<Record<string, CqlValue>>

export const CASSANDRA_CONSISTENCIES = [
  'any',
  'one',
  'two',
  'three',
  'quorum',
  'all',
  'local-quorum',
  'each-quorum',
  'local-one',
] as const
export type CassandraConsistency = (typeof CASSANDRA_CONSISTENCIES)[number]
export const SERIAL_CONSISTENCIES = ['serial', 'local-serial'] as const
/** Of lightweight transactions: over all data centers, or within one. */
export type SerialConsistency = (typeof SERIAL_CONSISTENCIES)[number]

/** A table is in the order of the tokens, and partitions of one token, of which there is hardly ever more than one, of the bytes. */
export interface PartitionLocation {
  readonly token: bigint
  /** Of the whole partition key: compared as unsigned. */
  readonly bytes: Buffer
}

export interface CassandraSelect {
  readonly table: CassandraTable
  readonly columns: readonly string[]
  readonly from: TokenSpan | PartitionSpan
  /** One row for each partition; the columns are then those of the partition key. @default false */
  readonly distinct?: boolean
  readonly fetchSize: number
  /** Goes on behind the page that gave it. A server may refuse it, and then the error is not transient. @default from the beginning */
  readonly page?: string
  readonly consistency: CassandraConsistency | SerialConsistency
}

/** Rows in the order of their partitions' locations: those above `after`, up to and with `upTo`. */
export interface TokenSpan {
  readonly by: 'token'
  /** @default from the ring's beginning */
  readonly after?: bigint
  /** @default to the ring's end */
  readonly upTo?: bigint
}

/** Rows of one partition in their order. */
export interface PartitionSpan {
  readonly by: 'partition'
  readonly key: readonly CqlValue[]
  /** The values of the first clustering columns. @default none */
  readonly equals?: readonly CqlValue[]
  /** Of the clustering column behind those of `equals`, by value, whatever the order. */
  readonly lower?: ClusteringBound
  readonly upper?: ClusteringBound
}

export interface ClusteringBound {
  readonly value: CqlValue
  readonly inclusive: boolean
}

export interface CassandraPage {
  /** Each with all the columns asked for; null where there is no value. */
  readonly rows: readonly CassandraRow[]
  /** Undefined at the end, and only there. */
  readonly next: string | undefined
}

/** What many mutations have in common. The same object each time: a driver prepares a statement for it once. */
export interface MutationShape {
  readonly table: CassandraTable
  readonly operation: 'insert' | 'update' | 'delete'
  /** The columns of the key, as `CassandraMutation.key` has them. */
  readonly key: readonly string[]
  /** The other columns, as `CassandraMutation.values` has them. None of a delete. */
  readonly columns: readonly MutatedColumn[]
  readonly hasTtl: boolean
  readonly hasTimestamp: boolean
  /** Makes a lightweight transaction of it. @default none */
  readonly condition?: 'not-exists' | 'exists'
}

export interface MutatedColumn {
  readonly name: string
  /** `add` is for counters, `append` for lists, sets and maps. */
  readonly change: 'set' | 'add' | 'append'
}

export interface CassandraMutation {
  readonly shape: MutationShape
  readonly key: readonly CqlValue[]
  /** Undefined leaves a column as it is; null takes its value away, which writes a tombstone. */
  readonly values: readonly (CqlValue | undefined)[]
  /** Seconds; 0 for ever. Where the shape has one. */
  readonly ttl?: number
  /** Microseconds since 1970. Where the shape has one. */
  readonly timestamp?: bigint
}

export interface CassandraMutationOptions {
  readonly consistency: CassandraConsistency
  readonly serialConsistency: SerialConsistency
  /** Whether sending it again changes nothing: only then may a driver do that by itself. */
  readonly idempotent: boolean
}

export interface CassandraMutated {
  /** False where the condition of a lightweight transaction did not hold. */
  readonly applied: boolean
}
