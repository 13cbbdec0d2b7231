/** Connects through cassandra-driver, and says what is wrong where that fails. */
import type { Client, ClientOptions, policies } from 'cassandra-driver'
import { BatchError } from '../../core/model/batch-error.ts'
import { untilAborted } from '../../core/model/until-aborted.ts'
import type { CassandraSession } from '../cassandra-client.ts'
import { innerErrors, troubleText } from '../cassandra-trouble.ts'
import type { CassandraOptions } from './cassandra-options.ts'
import { driverSession } from './driver-session.ts'
import { knownHosts } from './known-hosts.ts'
import { type Driver, loadDriver } from './load-driver.ts'

type LoadBalancing = policies.loadBalancing.LoadBalancingPolicy

/** A server that has restarted is found again within seconds; the driver's own default is ten minutes. */
const FIRST_RECONNECTION_MILLISECONDS = 250
const LONGEST_RECONNECTION_MILLISECONDS = 5_000
const REQUEST_TIMEOUT_MILLISECONDS = 12_000

/** @throws BatchError SERVER_UNAVAILABLE, OPTIONAL_PACKAGE_MISSING */
export async function openDriverSession(
  options: CassandraOptions,
  signal: AbortSignal,
): Promise<CassandraSession> {
  const driver = await loadDriver()
  const hosts = knownHosts(balancingOf(driver, options))
  const client = createClient(driver, options, hosts.policy)
  const connecting = client.connect()
  try {
    await untilAborted(connecting, signal)
  } catch (error) {
    // Shut down while it connects, the driver would go on connecting for ever.
    const closed = connecting.then(
      () => shutDown(client),
      () => shutDown(client),
    )
    if (signal.aborted) throw error
    await closed
    throw unavailable(options, error)
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

/** The driver refuses some options at once. */
function createClient(driver: Driver, options: CassandraOptions, balancing: LoadBalancing): Client {
  try {
    return new driver.Client(clientOptions(driver, options, balancing))
  } catch (error) {
    throw unavailable(options, error)
  }
}

function clientOptions(driver: Driver, options: CassandraOptions, balancing: LoadBalancing): ClientOptions {
  const {
    contactPoints,
    localDataCenter,
    credentials,
    tls,
    requestTimeout = REQUEST_TIMEOUT_MILLISECONDS,
  } = options
  const { ExponentialReconnectionPolicy } = driver.policies.reconnection
  const { policies: own, ...others } = (options.driver ?? {}) as ClientOptions
  return {
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(credentials !== undefined && { credentials: { ...credentials } }),
    // The driver, other than Node, would talk to whoever answers.
    ...(tls !== undefined && { sslOptions: { rejectUnauthorized: true, ...tls } }),
    socketOptions: { readTimeout: requestTimeout },
    ...others,
    policies: {
      reconnection: new ExponentialReconnectionPolicy(
        FIRST_RECONNECTION_MILLISECONDS,
        LONGEST_RECONNECTION_MILLISECONDS,
        false,
      ),
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

/**
 * The driver believes that there is nothing to shut down where it has not connected; of a cluster whose data center is another
 * one it keeps a connection, and with it the process.
 */
async function shutDown(client: Client): Promise<void> {
  const { controlConnection } = client as unknown as WithConnection
  controlConnection?.shutdown?.()
  await controlConnection?.connection?.closeAsync?.().catch(() => {})
  await client.shutdown().catch(() => {})
}

/** What the driver's declarations leave out. */
interface WithConnection {
  readonly controlConnection?: {
    readonly shutdown?: () => void
    readonly connection?: { readonly closeAsync?: () => Promise<void> } | null
  }
}

/** Of the options only names are told. */
function unavailable({ contactPoints, localDataCenter }: CassandraOptions, error: unknown): BatchError {
  const cause = refusalOf(error)
  const reason = troubleText(error)
  const remedy = remedyFor(cause, reason)
  return new BatchError(
    'SERVER_UNAVAILABLE',
    `No session with Cassandra at ${contactPoints.join(', ')}, data center ${localDataCenter}: ${reason}. ${remedy}`,
    { details: { contactPoints, localDataCenter }, cause },
  )
}

/** Of several nodes' errors a refused log-in says most; the driver's own error has their stacks in its text. */
function refusalOf(error: unknown): unknown {
  const inner = innerErrors(error)
  return inner.find(isRefusal) ?? inner[0] ?? error
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === 'AuthenticationError'
}

function remedyFor(cause: unknown, reason: string): string {
  if (isRefusal(cause)) return "Check the client's credentials."
  if (reason.includes('data center')) return "Give the client the cluster's own name of its data center."
  return 'Check addresses, ports and TLS, and that the servers run; then start again.'
}
