/** The statement that renews a lease: the same in the thread that beats and beside it. */
import type { Claim, HeartbeatAnswer } from '../../core/ports/lease.ts'
import type { RunSql } from './fence.ts'
import { decodeStatus } from './rows.ts'
import type { TableNames } from './table-names.ts'

const SHORTEST_PATIENCE_MILLISECONDS = 100

/** For one beat: so that it can be tried again, on another connection, before the lease has run out. */
export function beatPatience(leaseMilliseconds: number): number {
  return Math.max(leaseMilliseconds / 3, SHORTEST_PATIENCE_MILLISECONDS)
}

/**
 * Waits for no commit: these hold the owner row, which is only read here. A lease that its owner gave up with the end of the
 * execution, which shows as one that was over at its last beat, is not renewed: a beat that comes late must not make an ended
 * execution look as if somebody were at work.
 */
export async function heartbeat(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  leaseMilliseconds: number,
): Promise<HeartbeatAnswer> {
  const [row] = await run<{ jobStatus: string | null }>(
    `with beat as (
      update ${tables.heartbeat} h set heartbeat_at = clock_timestamp(),
        lease_expires_at = clock_timestamp() + $3::float8 * interval '1 millisecond'
        from ${tables.owner} o
        where h.job_execution_id = $1 and o.job_execution_id = h.job_execution_id and o.generation = $2
          and h.lease_expires_at > h.heartbeat_at
    )
    select e.status as "jobStatus" from ${tables.owner} o
      join ${tables.jobExecution} e on e.job_execution_id = o.job_execution_id
      where o.job_execution_id = $1 and o.generation = $2`,
    [claim.jobExecutionId, claim.generation, leaseMilliseconds],
  )
  return row === undefined ? { lease: 'lost' } : { lease: 'held', jobStatus: decodeStatus(row.jobStatus) }
}
