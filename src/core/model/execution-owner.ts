/** Who runs an execution: a process, named well enough to tell whether it still lives. */

/**
 * A pid alone is reused by the system, so a process is named by host, boot, pid namespace, pid and start time. The
 * last three are null where the system does not tell (not Linux): then only the lease says whether it lives.
 */
export interface OwnerIdentity {
  readonly host: string
  readonly pid: number
  readonly bootId: string | null
  readonly pidNamespace: string | null
  /** Clock ticks since boot, as the kernel counts them. */
  readonly processStart: string | null
}

export interface ExecutionOwner extends OwnerIdentity {
  readonly since: Date
  /** Goes up by one whenever the execution is given up; a commit with an older one is refused by the database. */
  readonly generation: string
  readonly heartbeatAt: Date
  readonly leaseExpiresAt: Date
  /** Judged by the repository's clock, never by ours. */
  readonly leaseExpired: boolean
}

/** `host build-7, pid 4711, since 2026-11-21T02:00:00.000Z` */
export function describeOwner(owner: ExecutionOwner): string {
  return `host ${owner.host}, pid ${owner.pid}, since ${owner.since.toISOString()}`
}
