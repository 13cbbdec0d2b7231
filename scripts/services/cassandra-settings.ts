/** How a Cassandra node for tests is set up: its yaml, its log, and what it needs opened in the JVM. */

import { join } from 'node:path'
import { LOCALHOST } from './free-port.ts'

/** When a write is acknowledged: after it is on disk, or at once and up to 10 seconds earlier than that. */
export const COMMITLOG_SYNCS = ['batch', 'periodic'] as const
export type CommitlogSync = (typeof COMMITLOG_SYNCS)[number]

export interface CassandraNode {
  readonly folder: string
  readonly port: number
  readonly storagePort: number
  readonly commitlogSync: CommitlogSync
}

export function cassandraYaml({ folder, port, storagePort, commitlogSync }: CassandraNode): string {
  const path = (name: string): string => JSON.stringify(join(folder, 'data', name))
  return `cluster_name: batchwright
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
num_tokens: 16
endpoint_snitch: SimpleSnitch
listen_address: ${LOCALHOST}
storage_port: ${storagePort}
rpc_address: ${LOCALHOST}
native_transport_port: ${port}
start_native_transport: true
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "${LOCALHOST}:${storagePort}"
data_file_directories: [${path('data')}]
commitlog_directory: ${path('commitlog')}
saved_caches_directory: ${path('saved_caches')}
hints_directory: ${path('hints')}
cdc_raw_directory: ${path('cdc_raw')}
commitlog_sync: ${commitlogSync}
${commitlogSync === 'periodic' ? 'commitlog_sync_period: 10000ms\n' : ''}`
}

export const LOGBACK_XML = `<configuration scan="false">
  <appender name="STDOUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date %msg%n</pattern></encoder>
  </appender>
  <root level="WARN"><appender-ref ref="STDOUT"/></root>
</configuration>
`

/** What Cassandra 5 reaches for inside the JDK; it refuses to start when it cannot. */
const EXPORTS = [
  'java.base/java.lang.ref',
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.base/sun.nio.ch',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'jdk.attach/sun.tools.attach',
  'jdk.compiler/com.sun.tools.javac.file',
  'jdk.unsupported/sun.misc',
]

const OPENS = [
  'java.base/java.io',
  'java.base/java.lang',
  'java.base/java.lang.module',
  'java.base/java.lang.reflect',
  'java.base/java.util',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.util.jar',
  'java.base/sun.nio.ch',
  'jdk.compiler/com.sun.tools.javac',
  'jdk.management/com.sun.management.internal',
]

export const JVM_FLAGS: readonly string[] = [
  ...EXPORTS.flatMap((one) => ['--add-exports', `${one}=ALL-UNNAMED`]),
  ...OPENS.flatMap((one) => ['--add-opens', `${one}=ALL-UNNAMED`]),
  '-Dcassandra-foreground=yes',
  // A single node has nobody to wait for.
  '-Dcassandra.skip_wait_for_gossip_to_settle=0',
  '-Dcassandra.ring_delay_ms=100',
  '-Dcassandra.shutdown_announce_in_ms=0',
]
