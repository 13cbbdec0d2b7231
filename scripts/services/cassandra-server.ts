/** Starts a Cassandra node of one's own, which may be killed and started again. */

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { cassandraYaml, type CommitlogSync, JVM_FLAGS, LOGBACK_XML } from './cassandra-settings.ts'
import { composeServer, dockerEngineRuns } from './compose-server.ts'
import { freePorts, LOCALHOST } from './free-port.ts'
import { serverJars } from './jars.ts'
import { FRUGAL_JAVA, javaServer } from './java-server.ts'
import { JAVA, requireOnMachine } from './machine-needs.ts'
import { formatAddress } from './server-address.ts'
import type { ServerProcess } from './server-process.ts'

export interface CassandraServerOptions {
  /** @default a free one, chosen once and kept over restarts */
  readonly port?: number | undefined
  /** @default 'batch': a write that was acknowledged survives a SIGKILL. 'periodic' is faster, for benches. */
  readonly commitlogSync?: CommitlogSync | undefined
  readonly signal?: AbortSignal | undefined
}

/** A single node, without TLS or users. */
export interface CassandraServer extends ServerProcess {
  /** `host:port`, for `CASSANDRA_CONTACT_POINTS`. */
  readonly contactPoints: string
  readonly localDataCenter: string
}

/** Of a node that was told nothing else. */
export const DATA_CENTER = 'datacenter1'

/** Resolves when the node answers. Throws ServicesUnavailable with the next step where it cannot be had. */
export async function startCassandraServer(options: CassandraServerOptions = {}): Promise<CassandraServer> {
  const { commitlogSync = 'batch', signal } = options
  const [freePort = 0, storagePort = 0] = await freePorts(2)
  const port = options.port ?? freePort
  const server = dockerEngineRuns()
    ? composeServer({ name: 'cassandra', port, environment: { CASSANDRA_COMMITLOG_SYNC: commitlogSync } })
    : await cassandraOnJava({ port, storagePort, commitlogSync, signal })
  try {
    await server.start(signal)
  } catch (error) {
    await server.stop()
    throw error
  }
  const contactPoints = formatAddress({ host: LOCALHOST, port })
  return { ...server, contactPoints, localDataCenter: DATA_CENTER }
}

async function cassandraOnJava(node: {
  readonly port: number
  readonly storagePort: number
  readonly commitlogSync: CommitlogSync
  readonly signal: AbortSignal | undefined
}): Promise<ServerProcess> {
  requireOnMachine([JAVA])
  const jars = await serverJars('cassandra', node.signal)
  const folder = await mkdtemp(join(tmpdir(), 'batchwright-cassandra-'))
  const server = javaServer({
    name: 'cassandra',
    address: { host: LOCALHOST, port: node.port },
    ports: [node.port, node.storagePort],
    folder,
    javaArguments: cassandraArguments(jars, folder),
  })
  try {
    await mkdir(join(folder, 'conf'))
    await writeFile(join(folder, 'conf', 'cassandra.yaml'), cassandraYaml({ ...node, folder }))
    await writeFile(join(folder, 'conf', 'logback.xml'), LOGBACK_XML)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

function cassandraArguments(jars: string, folder: string): readonly string[] {
  const conf = join(folder, 'conf')
  return [
    `-javaagent:${join(jars, 'jamm-0.4.0.jar')}`,
    ...FRUGAL_JAVA,
    '-Xms384m',
    '-Xmx384m',
    ...JVM_FLAGS,
    `-Dcassandra.config=${pathToFileURL(join(conf, 'cassandra.yaml')).href}`,
    `-Dcassandra.storagedir=${join(folder, 'data')}`,
    `-Dcassandra.logdir=${join(folder, 'logs')}`,
    `-Dlogback.configurationFile=${pathToFileURL(join(conf, 'logback.xml')).href}`,
    '-cp',
    `${conf}:${join(jars, '*')}`,
    'org.apache.cassandra.service.CassandraDaemon',
  ]
}
