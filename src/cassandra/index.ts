/** What authors need to work with Cassandra: `batchwright/cassandra`. */
import type { CassandraClient } from './cassandra-client.ts'
import type { CassandraOptions } from './driver/cassandra-options.ts'
import { openDriverSession } from './driver/open-driver-session.ts'

export type {
  CassandraClient,
  CassandraColumn,
  CassandraConsistency,
  CassandraMutated,
  CassandraMutation,
  CassandraMutationOptions,
  CassandraPage,
  CassandraRing,
  CassandraRow,
  CassandraSelect,
  CassandraSession,
  CassandraTable,
  CassandraTableName,
  ClusteringBound,
  CqlValue,
  MissingTable,
  MutatedColumn,
  MutationShape,
  PartitionLocation,
  PartitionSpan,
  SerialConsistency,
  TokenSpan,
} from './cassandra-client.ts'
export type { CqlField, CqlScalar, CqlType } from './cql-type.ts'
export { cassandraPartitions, type TokenRange } from './token-ranges.ts'
export type { CassandraOptions } from './driver/cassandra-options.ts'
export type { CqlTableName } from './table-name.ts'

/** Apache Cassandra, or what speaks CQL as it does, through `cassandra-driver`, which is loaded when a session is opened. */
export function cassandra(options: CassandraOptions): CassandraClient {
  return {
    description: `cassandra ${options.contactPoints.join(', ')} (${options.localDataCenter})`,
    openSession: ({ signal }) => openDriverSession(options, signal),
  }
}
