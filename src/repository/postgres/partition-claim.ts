/** A worker's claim of a partition, and the session that does its work. */
import { BatchError } from '../../core/model/batch-error.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { ClaimedPartition, PartitionClaim } from '../../core/ports/partition-store.ts'
import { waitForFormer } from './begin-step-again.ts'
import { type ClaimedRow, drawStepId, findClaimed, stepExecutionOf, takeNext } from './claimed-row.ts'
import { explainRefusal, type RunSql, whileFenced } from './fence.ts'
import { decodePartitionValue } from './partition-plan.ts'
import { classified } from './postgres-errors.ts'
import { registerBackend, untilReachable } from './reconnect-step.ts'
import { decodeCounts } from './rows.ts'
import type { SessionSource } from './session-source.ts'
import { StepConnection } from './step-connection.ts'
import { sessionOn, type StepPlace } from './step-session.ts'
import type { TableNames } from './table-names.ts'

/**
 * The connection of the claim is that of the session, as its backend is registered. When it is lost, on a fresh one: the id of
 * the step execution is drawn beforehand, and tells whether the claim was done.
 * @throws BatchError LEASE_LOST, REPOSITORY_UNAVAILABLE
 */
export async function claimPartition(
  place: StepPlace,
  from: PartitionClaim,
): Promise<ClaimedPartition | undefined> {
  const { source, claim, address } = place
  let drawn: string | undefined
  try {
    return await untilReachable(() =>
      withConnection(source, async (connection) => {
        const { run } = connection
        const id = drawn ?? (await drawStepId(run, address.tables))
        const take = drawn === undefined ? takeNext : takeNextOnce
        drawn = id
        const row = await whileFenced(
          () => take(run, address.tables, claim, from, id),
          () => explain(run, address.tables, claim, from.workerId),
        )
        return row && claimedOn(place, connection, from, row)
      }),
    )
  } catch (error) {
    throw classified(error, address, `claiming a partition of step '${from.stepName}'`, 'unknown')
  }
}

/** Given back where nothing is open; the session of what was claimed keeps it. */
async function withConnection<T>(
  source: SessionSource,
  claiming: (connection: StepConnection) => Promise<T | undefined>,
): Promise<T | undefined> {
  const connection = await StepConnection.open(source)
  try {
    const claimed = await claiming(connection)
    if (claimed === undefined) await connection.release()
    return claimed
  } catch (error) {
    await connection.discard()
    throw error
  }
}

function claimedOn(
  place: StepPlace,
  connection: StepConnection,
  from: PartitionClaim,
  row: ClaimedRow,
): ClaimedPartition {
  return {
    partition: { name: row.name, value: decodePartitionValue(row.value) },
    session: sessionOn(place, connection, stepExecutionOf(row, place.claim, from)),
    earlierCounts: decodeCounts(row),
  }
}

/** For when the claim as `id` was sent before, and nobody knows whether it was done. */
async function takeNextOnce(...call: Parameters<typeof takeNext>): Promise<ClaimedRow | undefined> {
  const [run, tables, claim, , id] = call
  await waitForFormer(run, tables, claim)
  const found = await findClaimed(run, tables, id)
  if (found === undefined) return takeNext(...call)
  await registerBackend(run, tables, { ...claim, stepExecutionId: id, version: 0 })
  return found
}

async function explain(run: RunSql, tables: TableNames, claim: Claim, workerId: string): Promise<BatchError> {
  const lost = await explainRefusal(run, tables, claim)
  if (lost.code === 'LEASE_LOST') return lost
  return new BatchError(
    'LEASE_LOST',
    `worker ${workerId} of job execution ${claim.jobExecutionId} was given up, because its lease had run out or its process ` +
      'was believed dead; its partitions belong to others, and it must not go on',
    { details: { ...claim, workerId } },
  )
}
