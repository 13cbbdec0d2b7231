/** Names this process well enough that another can tell whether it still lives, and tells it of others. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import type { OwnerIdentity } from '../core/model/execution-owner.ts'
import { processStart } from './process-start.ts'

/** Asked once per process; on systems without /proc only host and pid are known, and the lease alone decides. */
export function processIdentity(): OwnerIdentity {
  const own = processStart(process.pid)
  return {
    host: hostname(),
    pid: process.pid,
    bootId: readOrNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: readOrNull(() => readlinkSync('/proc/self/ns/pid')),
    processStart: own.state === 'running' ? own.startedAt : null,
  }
}

/** `anna@build-7 pid 4711`, for the record of who asked. */
export function processRequester({ host, pid }: OwnerIdentity): string {
  return `${userName()}@${host} pid ${pid}`
}

/** A user id without an entry in the system's list, as in many containers, has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/**
 * Whether the owner's process lives. `dead` only where that is certain, since a running execution would be taken over;
 * `unknown` for another host, another boot that merely shares the name, another pid namespace, and wherever the system
 * does not say when the process began, now or when it named itself.
 */
export function processState(
  owner: OwnerIdentity,
  self: OwnerIdentity = processIdentity(),
  startOf: typeof processStart = processStart,
): 'alive' | 'dead' | 'unknown' {
  if (owner.host !== self.host || owner.bootId === null || owner.bootId !== self.bootId) return 'unknown'
  if (owner.pidNamespace === null || owner.pidNamespace !== self.pidNamespace) return 'unknown'
  if (owner.processStart === null) return 'unknown'
  const found = startOf(owner.pid)
  if (found.state === 'unknown') return 'unknown'
  return found.state === 'running' && found.startedAt === owner.processStart ? 'alive' : 'dead'
}

/** Null where the system does not say, for whatever reason: `processState` then knows nothing of the process. */
function readOrNull(read: () => string): string | null {
  try {
    return read()
  } catch {
    return null
  }
}
