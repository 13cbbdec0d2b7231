/** The plan of a partitioned step: stored once, opened by each execution of the step. */
import { BatchError } from '../../core/model/batch-error.ts'
import type { JsonValue } from '../../core/model/json-value.ts'
import type { Partition } from '../../core/model/partition.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { PlanTally } from '../../core/ports/partition-store.ts'
import type { Transaction } from '../../core/ports/resource.ts'
import { PG_CLIENT } from '../../postgres/resources.ts'
import { decodeContext, encodeContext } from './context-json.ts'
import { explainRefusal, fenceSql, proofSql, type RunSql, whileFenced } from './fence.ts'
import type { TableNames } from './table-names.ts'

/** One statement, however many there are. Locks: the manager's step row, against its removal. */
export async function storePlan(
  tables: TableNames,
  transaction: Transaction,
  planId: string,
  partitions: readonly Partition[],
): Promise<void> {
  await transaction.resource(PG_CLIENT).query(
    `insert into ${tables.partition} (plan_id, ordinal, name, value, status)
      select $1, one.ordinal, one.name, one.value, 'STARTING'
        from unnest($2::text[], $3::text[]) with ordinality as one (name, value, ordinal)`,
    [planId, partitions.map(({ name }) => name), partitions.map(encodePartitionValue)],
  )
}

/** Locks: owner (shared), then the partitions that are not complete. */
export async function openPlan(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  planId: string,
): Promise<PlanTally> {
  const text = `with ${fenceSql(tables)}, opened as (
      update ${tables.partition} set status = 'STARTING', worker_id = null
        where plan_id = $3 and status <> 'COMPLETED' and exists (select 1 from fence)
    )
    select ${proofSql('fence')}, count(*) as "total", count(*) filter (where status = 'COMPLETED') as "completed"
      from ${tables.partition} where plan_id = $3`
  const [row] = await whileFenced(
    () => run<{ total: string; completed: string }>(text, [claim.jobExecutionId, claim.generation, planId]),
    () => explainRefusal(run, tables, claim),
  )
  return { total: Number(row?.total), completed: Number(row?.completed) }
}

/** In the form of a context, which keeps bigints apart from numbers. */
function encodePartitionValue({ name, value }: Partition): string {
  try {
    return encodeContext({ value })
  } catch (error) {
    throw new BatchError('INVALID_JOB_DEFINITION', `partition ${name}: ${(error as Error).message}`, {
      details: { partition: name },
      cause: error,
    })
  }
}

/** A context leaves out a null at its root. */
export function decodePartitionValue(text: string): JsonValue {
  const stored = decodeContext(text)
  return stored.kind === 'readable' ? ((stored.values['value'] ?? null) as JsonValue) : null
}
