/** Whether the owner of an execution can be taken for dead. */
import { describeOwner, type ExecutionOwner, type OwnerIdentity } from '../model/execution-owner.ts'

/** Whether a process of this host still lives; `unknown` where only the lease can tell. */
export type ProcessState = (owner: OwnerIdentity) => 'alive' | 'dead' | 'unknown'

/**
 * Why, in words; undefined while it lives. A process of this host that is gone is dead at once, whatever its lease says;
 * any other when its lease has run out.
 */
export function deathOf(processState: ProcessState, owner: ExecutionOwner): string | undefined {
  if (processState(owner) === 'dead') return `its process (${describeOwner(owner)}) is gone`
  if (!owner.leaseExpired) return undefined
  return `its lease ran out at ${owner.leaseExpiresAt.toISOString()} (${describeOwner(owner)})`
}
