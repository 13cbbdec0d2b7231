/** What a session is told when it starts, so that it costs no statement: ours, and what the author has of his own. */
import type { PoolConfig } from 'pg'

/** The fence must see what was committed while it waited for the lock, and times are read as ISO text. */
const REQUIRED_SETTINGS = ['-c default_transaction_isolation=read\\ committed', '-c datestyle=ISO']

/**
 * The author's configuration with the session options of both. A peer that is gone is noticed within half a lease, unless
 * the author has settings of his own; the required ones come last, and the last one counts.
 */
export function withSessionOptions(given: PoolConfig, leaseMilliseconds: number): PoolConfig {
  const { connectionString, options } = takeOptions(given.connectionString)
  const parts = [...deadPeerSettings(leaseMilliseconds), given.options, options, ...REQUIRED_SETTINGS]
  return {
    ...given,
    ...(connectionString === undefined ? {} : { connectionString }),
    options: parts.filter((part) => part !== undefined && part !== '').join(' '),
  }
}

/** Out of the connection string, where `pg` would prefer it to the options beside the string. */
function takeOptions(connectionString: string | undefined): Pick<PoolConfig, 'connectionString' | 'options'> {
  const start = connectionString?.indexOf('?') ?? -1
  if (connectionString === undefined || start < 0) return { connectionString }
  const pairs = connectionString.slice(start + 1).split('&')
  const isOptions = (pair: string): boolean => pair.startsWith('options=')
  const rest = pairs.filter((pair) => !isOptions(pair)).join('&')
  const address = connectionString.slice(0, start)
  return {
    connectionString: rest === '' ? address : `${address}?${rest}`,
    options: new URLSearchParams(pairs.findLast(isOptions)).get('options') ?? '',
  }
}

function deadPeerSettings(leaseMilliseconds: number): readonly string[] {
  const seconds = (share: number): number => Math.max(1, Math.floor((leaseMilliseconds * share) / 1000))
  const settings = {
    tcp_user_timeout: Math.floor(leaseMilliseconds / 2),
    tcp_keepalives_idle: seconds(0.2),
    tcp_keepalives_interval: seconds(0.1),
    tcp_keepalives_count: 3,
  }
  return Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)
}
