/** Brings up the servers that were asked for, or finds those that the environment names. */

import { DATA_CENTER, startCassandraServer } from './cassandra-server.ts'
import type { ServicesCommand } from './command-line.ts'
import { dockerEngineRuns } from './compose-server.ts'
import { isCached } from './cache-folder.ts'
import { jarsName } from './jars.ts'
import { startKafkaServer } from './kafka-server.ts'
import { JAVA, type MachineNeed, MAVEN } from './machine-needs.ts'
import { answers } from './probe.ts'
import { ADDRESS_VARIABLES, addressesOf, type ServerName } from './server-address.ts'
import { becomesTrue } from './server-process.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

/** What users of the servers are told, as environment variables. */
export type ServicesEnvironment = Readonly<Record<string, string>>

export interface Services {
  readonly environment: ServicesEnvironment
  /** Stops those that were started here, and no others. */
  readonly stop: () => Promise<void>
}

export const DATA_CENTER_VARIABLE = 'CASSANDRA_LOCAL_DATA_CENTER'

const ANSWER_PATIENCE_MS = 5000

/** What the machine must have for the servers that will be started here on the JVM. */
export function needsOfServers(servers: readonly ServerName[]): readonly MachineNeed[] {
  const own = servers.filter((name) => addressesOf(name) === undefined)
  if (own.length === 0 || dockerEngineRuns()) return []
  return own.every((name) => isCached(jarsName(name))) ? [JAVA] : [JAVA, MAVEN]
}

/** Resolves when all of them answer. When one cannot be had the others are stopped again. */
export async function startServices(command: ServicesCommand, signal: AbortSignal): Promise<Services> {
  const starting = command.servers.map((name) => findOrStart(name, command, signal))
  const ended = await Promise.allSettled(starting)
  const services = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((one) => one.stop()))
  }
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  return { environment: Object.assign({}, ...services.map((one) => one.environment)), stop }
}

async function findOrStart(
  name: ServerName,
  command: ServicesCommand,
  signal: AbortSignal,
): Promise<Services> {
  const given = await givenServer(name, signal)
  if (given !== undefined) return { environment: given, stop: async () => {} }
  switch (name) {
    case 'kafka': {
      const { brokers, stop } = await startKafkaServer({ port: command.kafkaPort, signal })
      return { environment: { KAFKA_BROKERS: brokers }, stop }
    }
    case 'cassandra': {
      const { commitlogSync, cassandraPort: port } = command
      const node = await startCassandraServer({ port, commitlogSync, signal })
      const { contactPoints, localDataCenter, stop } = node
      return {
        environment: { CASSANDRA_CONTACT_POINTS: contactPoints, [DATA_CENTER_VARIABLE]: localDataCenter },
        stop,
      }
    }
    default:
      return name satisfies never
  }
}

/** One of the addresses must answer: clients find the other members by themselves. */
async function givenServer(name: ServerName, signal: AbortSignal): Promise<ServicesEnvironment | undefined> {
  const addresses = addressesOf(name)
  if (addresses === undefined) return undefined
  const { variable } = ADDRESS_VARIABLES[name]
  const text = process.env[variable] ?? ''
  const oneAnswers = async (): Promise<boolean> =>
    (await Promise.all(addresses.map((address) => answers(name, address)))).includes(true)
  if (!(await becomesTrue(oneAnswers, { withinMs: ANSWER_PATIENCE_MS, signal }))) {
    throw new ServicesUnavailable(
      `${variable}=${text} does not answer as ${name} does. Start that server, or unset ${variable} to have one started.`,
    )
  }
  if (name !== 'cassandra') return { [variable]: text }
  return { [variable]: text, [DATA_CENTER_VARIABLE]: process.env[DATA_CENTER_VARIABLE] ?? DATA_CENTER }
}
