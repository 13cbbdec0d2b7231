/** What `npm run services` was asked to do. */

import { COMMITLOG_SYNCS, type CommitlogSync } from './cassandra-settings.ts'
import { SERVER_NAMES, type ServerName } from './server-address.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

export interface ServicesCommand {
  readonly servers: readonly ServerName[]
  readonly kafkaPort?: number
  readonly cassandraPort?: number
  readonly commitlogSync?: CommitlogSync
  /** Run with the variables set; undefined keeps the servers up until Ctrl-C. */
  readonly command?: readonly [string, ...string[]]
}

export const USAGE = `npm run services [-- [options] [command …]]

Brings up Kafka and Cassandra, prints their addresses, and stops them on Ctrl-C; with a command, when that has ended.

  --only kafka|cassandra             one of them
  --kafka-port <port>                else a free one
  --cassandra-port <port>            else a free one
  --commitlog-sync batch|periodic    Cassandra's; batch, where nothing says otherwise, loses no acknowledged write
                                     in a kill -9; periodic is faster, for benches
`

/** Options end where the command begins: at the first argument that is none, or behind \`--\`. Throws ServicesUnavailable. */
export function parseServicesCommand(args: readonly string[]): ServicesCommand {
  let parsed: ServicesCommand = { servers: SERVER_NAMES }
  let rest = args
  while (rest[0]?.startsWith('--') === true && rest[0] !== '--') {
    const [option = '', value, ...further] = rest
    parsed = { ...parsed, ...parseOption(option, value) }
    rest = further
  }
  const [program, ...programArgs] = rest[0] === '--' ? rest.slice(1) : rest
  return program === undefined ? parsed : { ...parsed, command: [program, ...programArgs] }
}

function parseOption(option: string, value: string | undefined): Partial<ServicesCommand> {
  switch (option) {
    case '--only':
      return { servers: [oneOf(option, value, SERVER_NAMES)] }
    case '--kafka-port':
      return { kafkaPort: portOf(option, value) }
    case '--cassandra-port':
      return { cassandraPort: portOf(option, value) }
    case '--commitlog-sync':
      return { commitlogSync: oneOf(option, value, COMMITLOG_SYNCS) }
    default:
      throw new ServicesUnavailable(`There is no option ${option}.\n\n${USAGE}`)
  }
}

function oneOf<T extends string>(option: string, value: string | undefined, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value)
  if (found !== undefined) return found
  throw new ServicesUnavailable(`${option} takes ${allowed.join(' or ')}, not ${value ?? 'nothing'}.`)
}

function portOf(option: string, value: string | undefined): number {
  const port = Number(value)
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port
  throw new ServicesUnavailable(`${option} takes a port from 1 to 65535, not ${value ?? 'nothing'}.`)
}
