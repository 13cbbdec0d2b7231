/** Starts a Kafka broker of one's own, which may be killed and started again. */

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeServer, dockerEngineRuns } from './compose-server.ts'
import { freePorts, LOCALHOST } from './free-port.ts'
import { serverJars } from './jars.ts'
import { FRUGAL_JAVA, javaServer } from './java-server.ts'
import { JAVA, javaProgram, requireOnMachine } from './machine-needs.ts'
import { lastLines, runProgram } from './run-program.ts'
import { formatAddress } from './server-address.ts'
import type { ServerProcess } from './server-process.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

export interface KafkaServerOptions {
  /** @default a free one, chosen once and kept over restarts */
  readonly port?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A single broker in KRaft mode, without TLS or users. */
export interface KafkaServer extends ServerProcess {
  /** `host:port`, for `KAFKA_BROKERS`. */
  readonly brokers: string
}

/** Any id will do: the cluster has one member and is thrown away. */
const CLUSTER_ID = '4L6g3nShT-eMCtK--X86sw'

/** Resolves when the broker answers. Throws ServicesUnavailable with the next step where it cannot be had. */
export async function startKafkaServer(options: KafkaServerOptions = {}): Promise<KafkaServer> {
  const [freePort = 0, controllerPort = 0] = await freePorts(2)
  const port = options.port ?? freePort
  const server = dockerEngineRuns()
    ? composeServer({ name: 'kafka', port, environment: {} })
    : await kafkaOnJava(port, controllerPort, options.signal)
  try {
    await server.start(options.signal)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { ...server, brokers: formatAddress({ host: LOCALHOST, port }) }
}

async function kafkaOnJava(
  port: number,
  controllerPort: number,
  signal?: AbortSignal,
): Promise<ServerProcess> {
  requireOnMachine([JAVA])
  const classPath = join(await serverJars('kafka', signal), '*')
  const folder = await mkdtemp(join(tmpdir(), 'batchwright-kafka-'))
  const settings = join(folder, 'server.properties')
  const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const server = javaServer({
    name: 'kafka',
    address: { host: LOCALHOST, port },
    ports: [port, controllerPort],
    folder,
    javaArguments: [
      ...FRUGAL_JAVA,
      '-Xms256m',
      '-Xmx256m',
      logging,
      '-cp',
      classPath,
      'kafka.Kafka',
      settings,
    ],
  })
  try {
    await writeFile(settings, kafkaSettings({ folder, port, controllerPort }))
    await formatStorage(classPath, settings, signal)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

function kafkaSettings(server: {
  readonly folder: string
  readonly port: number
  readonly controllerPort: number
}): string {
  const { folder, port, controllerPort } = server
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://${LOCALHOST}:${port},CONTROLLER://${LOCALHOST}:${controllerPort}
advertised.listeners=PLAINTEXT://${LOCALHOST}:${port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
controller.quorum.bootstrap.servers=${LOCALHOST}:${controllerPort}
log.dirs=${join(folder, 'data')}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
# By default records with old timestamps are deleted at once.
log.retention.ms=-1
log.cleaner.backoff.ms=1000
# The default, 128 MiB, comes out of the heap.
log.cleaner.dedupe.buffer.size=4194304
# A broker that was killed is let in again only when its last session has ended: 9 s by default.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
`
}

async function formatStorage(classPath: string, settings: string, signal?: AbortSignal): Promise<void> {
  const format = ['format', '-t', CLUSTER_ID, '-c', settings, '--standalone', '--ignore-formatted']
  const command = [javaProgram(), ...FRUGAL_JAVA, '-cp', classPath, 'kafka.tools.StorageTool', ...format]
  const { exitCode, output } = await runProgram(command, { signal })
  if (exitCode === 0) return
  throw new ServicesUnavailable(`Kafka could not prepare its data folder:\n${lastLines(output)}`)
}
