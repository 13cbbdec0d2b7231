/** How a cluster is reached through cassandra-driver. */
import type { ConnectionOptions } from 'node:tls'

export interface CassandraOptions {
  /** `10.0.0.1`, `node1.example.org:9042`; any that answers tells of the others. */
  readonly contactPoints: readonly string[]
  /** Whose nodes are talked to, as the cluster names it. */
  readonly localDataCenter: string
  /** Of tables whose name has none. */
  readonly keyspace?: string
  readonly credentials?: { readonly username: string; readonly password: string }
  /**
   * Talks over TLS: `{ ca, cert, key … }`, or `{}` for what Node takes by itself. Certificates are checked, and are to be of the address
   * at which a node is reached; where they hold a name, say it with `servername`. @default in the clear
   */
  readonly tls?: ConnectionOptions
  /** How long an answer is waited for, in milliseconds: longer than the servers themselves wait. @default 12000 */
  readonly requestTimeout?: number
  /** Further options of `cassandra-driver`, such as `authProvider` or `pooling`; they go before ours. */
  readonly driver?: Readonly<Record<string, unknown>>
}
