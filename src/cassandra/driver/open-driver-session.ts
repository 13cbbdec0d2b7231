/** Connects through cassandra-driver, and says what is wrong where that fails. */
import type { Client, ClientOptions, policies } from 'cassandra-driver'
import { BatchError } from '../../core/model/batch-error.ts'
import type { CassandraSession } from '../cassandra-client.ts'
import { orAborted } from '../or-aborted.ts'
import type { CassandraOptions } from './cassandra-options.ts'
import { driverSession } from './driver-session.ts'
import { knownHosts } from './known-hosts.ts'
import { type Driver, loadDriver } from './load-driver.ts'

type LoadBalancing = policies.loadBalancing.LoadBalancingPolicy

/** A server that has restarted is found again within seconds; the driver's own default is ten minutes. */
const FIRST_RECONNECTION_MS = 250
const LONGEST_RECONNECTION_MS = 5_000
const REQUEST_TIMEOUT_MS = 12_000

/** @throws BatchError SERVER_UNAVAILABLE, OPTIONAL_PACKAGE_MISSING */
export async function openDriverSession(
  options: CassandraOptions,
  signal: AbortSignal,
): Promise<CassandraSession> {
  const driver = await loadDriver()
  const hosts = knownHosts(balancingOf(driver, options))
  const client = new driver.Client(clientOptions(driver, options, hosts.policy))
  try {
    await orAborted(client.connect(), signal)
  } catch (error) {
    await shutDown(client)
    throw signal.aborted ? error : unavailable(options, error)
  }
  const session = driverSession(driver, client, options.keyspace)
  const close = async (): Promise<void> => {
    await session.close()
    await hosts.end()
  }
  return { ...session, close }
}

function balancingOf(driver: Driver, { driver: own, localDataCenter }: CassandraOptions): LoadBalancing {
  const { policies } = (own ?? {}) as ClientOptions
  return policies?.loadBalancing ?? driver.policies.defaultLoadBalancingPolicy(localDataCenter)
}

function clientOptions(driver: Driver, options: CassandraOptions, balancing: LoadBalancing): ClientOptions {
  const { contactPoints, localDataCenter, credentials, tls, requestTimeout = REQUEST_TIMEOUT_MS } = options
  const { ExponentialReconnectionPolicy } = driver.policies.reconnection
  const { policies: own, ...others } = (options.driver ?? {}) as ClientOptions
  return {
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(credentials !== undefined && { credentials: { ...credentials } }),
    ...(tls !== undefined && { sslOptions: tls }),
    socketOptions: { readTimeout: requestTimeout },
    ...others,
    policies: {
      reconnection: new ExponentialReconnectionPolicy(FIRST_RECONNECTION_MS, LONGEST_RECONNECTION_MS, false),
      ...own,
      loadBalancing: balancing,
    },
    // Without these, values would lose digits.
    encoding: {
      useBigIntAsLong: true,
      useBigIntAsVarint: true,
      map: Map,
      set: Set,
      useUndefinedAsUnset: true,
    },
  }
}

/** What could not be opened has nothing that could fail to close. */
async function shutDown(client: Client): Promise<void> {
  await client.shutdown().catch(() => {})
}

/** Of the options only names are told. */
function unavailable({ contactPoints, localDataCenter }: CassandraOptions, error: unknown): BatchError {
  const cause = refusalOf(error)
  const reason = cause instanceof Error ? cause.message : String(cause)
  const remedy = remedyFor(cause, reason)
  return new BatchError(
    'SERVER_UNAVAILABLE',
    `No session with Cassandra at ${contactPoints.join(', ')}, data center ${localDataCenter}: ${reason.replace(/\.$/, '')}. ${remedy}`,
    { details: { contactPoints, localDataCenter }, cause },
  )
}

/** Of several nodes' errors a refused log-in says most. */
function refusalOf(error: unknown): unknown {
  const { innerErrors } = (error ?? {}) as { readonly innerErrors?: Readonly<Record<string, unknown>> }
  const refused = Object.values(innerErrors ?? {}).find(isRefusal)
  return refused ?? error
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'AuthenticationError'
}

function remedyFor(cause: unknown, reason: string): string {
  if (isRefusal(cause)) return "Check the client's credentials."
  if (reason.includes('data center')) return "Give the client the cluster's own name of its data center."
  return 'Check addresses, ports and TLS, and that the servers run; then start again.'
}
