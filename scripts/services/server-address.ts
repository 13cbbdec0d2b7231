/** Reads the addresses that `KAFKA_BROKERS` and `CASSANDRA_CONTACT_POINTS` hold. */

import { ServicesUnavailable } from './services-unavailable.ts'

export const SERVER_NAMES = ['kafka', 'cassandra'] as const
export type ServerName = (typeof SERVER_NAMES)[number]

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** The variable that names a server of yours, and the port that an address without one means. */
export const ADDRESS_VARIABLES = {
  kafka: { variable: 'KAFKA_BROKERS', defaultPort: 9092 },
  cassandra: { variable: 'CASSANDRA_CONTACT_POINTS', defaultPort: 9042 },
} as const satisfies Record<ServerName, { variable: string; defaultPort: number }>

/** Undefined where the variable is not set or empty. Throws ServicesUnavailable when it holds something else than addresses. */
export function addressesOf(
  name: ServerName,
  environment: NodeJS.ProcessEnv = process.env,
): readonly ServerAddress[] | undefined {
  const { variable, defaultPort } = ADDRESS_VARIABLES[name]
  const text = environment[variable]?.trim() ?? ''
  if (text === '') return undefined
  return text.split(',').map((one) => {
    const address = parseAddress(one.trim(), defaultPort)
    if (address !== undefined) return address
    throw new ServicesUnavailable(
      `${variable} holds "${one.trim()}", which is no address. Write host:port, and commas between several.`,
    )
  })
}

/** As Kafka and the drivers write it; an IPv6 address stands in brackets. */
export function formatAddress({ host, port }: ServerAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function parseAddress(text: string, defaultPort: number): ServerAddress | undefined {
  const parts = /^(?:\w+:\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(text)
  const host = parts?.[1] ?? parts?.[2]
  const port = parts?.[3] === undefined ? defaultPort : Number(parts[3])
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
