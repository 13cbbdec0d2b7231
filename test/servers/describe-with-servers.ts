/** Suites that need Kafka, Cassandra or programs of the machine: they run where these are, and are skipped loudly where they are not. */

import { createRequire } from 'node:module'
import { DATA_CENTER } from '../../scripts/services/cassandra-server.ts'
import { dockerEngineRuns } from '../../scripts/services/compose-server.ts'
import { KAFKA_CLIENT } from '../../scripts/services/kafka-client-package.ts'
import { JAVA, type MachineNeed, missingOf } from '../../scripts/services/machine-needs.ts'
import {
  ADDRESS_VARIABLES,
  addressesOf,
  formatAddress,
  type ServerName,
} from '../../scripts/services/server-address.ts'
import { DATA_CENTER_VARIABLE } from '../../scripts/services/start-services.ts'
import { reportNotRun } from './not-run.ts'

/** Of the node that `npm run services` started, or that the environment names. */
export interface CassandraAddress {
  /** `host:port`, as the driver takes them. */
  readonly contactPoints: readonly string[]
  readonly localDataCenter: string
}

export interface ServerAddresses {
  /** `host:port` with commas between, as Kafka's clients take them. */
  readonly brokers: string
  readonly cassandra: CassandraAddress
}

/** Real servers are slower than what stands in the same process. */
const TIMEOUT_MILLISECONDS = 120_000

/** Topics are shared by all suites: each makes its own, with names of its own. */
export function describeWithKafka(title: string, body: (brokers: string) => void): void {
  describeWhere(title, problemWithGiven(['kafka']), () => body(brokers()))
}

/** Keyspaces are shared by all suites: each makes its own, with names of its own. */
export function describeWithCassandra(title: string, body: (cassandra: CassandraAddress) => void): void {
  describeWhere(title, problemWithGiven(['cassandra']), () => body(cassandra()))
}

export function describeWithServers(title: string, body: (servers: ServerAddresses) => void): void {
  const problem = problemWithGiven(['kafka', 'cassandra'])
  describeWhere(title, problem, () => body({ brokers: brokers(), cassandra: cassandra() }))
}

/**
 * For suites that kill servers: they start their own in a hook, with `startKafkaServer` and `startCassandraServer`, and
 * stop them in another. Runs where the shared servers are there and this machine can start more of them.
 */
export function describeWithOwnServers(title: string, needed: readonly ServerName[], body: () => void): void {
  describeWhere(title, problemWithGiven(needed) ?? problemWithOwn(), body)
}

/**
 * For suites that run programs of the machine, which take their time: what is missing is said with the Debian package that brings
 * it. They run with those that need servers.
 */
export function describeWithPrograms(title: string, needs: readonly MachineNeed[], body: () => void): void {
  describeWhere(title, problemWithPrograms(needs), body)
}

function problemWithPrograms(needs: readonly MachineNeed[]): string | undefined {
  const isAskedFor =
    process.env['BATCHWRIGHT_TEST_SERVERS'] === 'required' || addressesOf('kafka') !== undefined
  if (!isAskedFor) return 'run beside the suites that need servers'
  const missing = missingOf(needs).map((need) => `${need.problem()} (Debian's package ${need.debianPackage})`)
  return missing.length === 0 ? undefined : missing.join(', ')
}

function describeWhere(title: string, problem: string | undefined, body: () => void): void {
  if (problem === undefined) {
    describe(title, function () {
      this.timeout(TIMEOUT_MILLISECONDS)
      body()
    })
  } else if (process.env['BATCHWRIGHT_TEST_SERVERS'] === 'required') {
    describe(title, () => {
      it('has the servers that BATCHWRIGHT_TEST_SERVERS=required asks for', () => {
        throw new Error(`${problem}: npm run test:servers`)
      })
    })
  } else {
    reportNotRun(title, problem)
    describe(title, () => it(`not run: ${problem}`))
  }
}

function problemWithGiven(needed: readonly ServerName[]): string | undefined {
  const absent = needed.filter((name) => addressesOf(name) === undefined)
  if (absent.length > 0) {
    const variables = absent.map((name) => ADDRESS_VARIABLES[name].variable)
    return `${variables.join(' and ')} ${absent.length === 1 ? 'is' : 'are'} not set`
  }
  return needed.includes('kafka') ? problemWithClient() : undefined
}

function problemWithClient(): string | undefined {
  try {
    createRequire(import.meta.url)(KAFKA_CLIENT)
    return undefined
  } catch {
    return `${KAFKA_CLIENT} cannot be loaded`
  }
}

function problemWithOwn(): string | undefined {
  const problem = JAVA.problem()
  return problem === undefined || dockerEngineRuns()
    ? undefined
    : `no server can be started here (${problem})`
}

function brokers(): string {
  return (addressesOf('kafka') ?? []).map(formatAddress).join(',')
}

function cassandra(): CassandraAddress {
  return {
    contactPoints: (addressesOf('cassandra') ?? []).map(formatAddress),
    localDataCenter: process.env[DATA_CENTER_VARIABLE] ?? DATA_CENTER,
  }
}
