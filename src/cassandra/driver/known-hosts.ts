/** Keeps hold of the hosts that the driver makes, since it forgets some of them. */
import type { Host, policies } from 'cassandra-driver'

type LoadBalancingPolicy = policies.loadBalancing.LoadBalancingPolicy

export interface KnownHosts {
  /** The policy that was given, which notes each host that it is asked about. */
  readonly policy: LoadBalancingPolicy
  /** Ends what is left of them. To be called behind the client's own shutdown. */
  readonly end: () => Promise<void>
}

/** What the driver's declarations leave out. */
interface EndingHost {
  readonly shutdown?: (waitForPending: boolean) => Promise<void>
}

/**
 * When the driver finds a node again behind an outage it makes a new host of it, and does not end the former one: its timers, and the
 * connection that it opens again, keep the process alive for ever behind its work. Seen with 4.10.0, where a job was COMPLETED and its
 * process did not exit. Both are used side by side until then, so that neither can be ended before the client is.
 */
export function knownHosts(policy: LoadBalancingPolicy): KnownHosts {
  const hosts = new Set<Host>()
  const getDistance = policy.getDistance.bind(policy)
  return {
    policy: Object.assign(policy, {
      getDistance: (host: Host) => {
        hosts.add(host)
        return getDistance(host)
      },
    }),
    end: async () => {
      const ended = [...hosts].map(async (host) => (host as unknown as EndingHost).shutdown?.(false))
      await Promise.allSettled(ended)
    },
  }
}
