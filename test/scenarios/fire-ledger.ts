/** What the fire ledger of a test database says, and what in it must not be. */
import type { TestDatabase } from '../embedded-postgres.ts'

export interface LedgerRow {
  readonly slot: Date
  readonly outcome: string
  readonly detail: string | null
  /** Instances that were launched for the slot. */
  readonly instances: number
  /** Of the latest execution of the instance. */
  readonly status: string | null
  /** Whether that execution was interrupted when its process was told to end. */
  readonly interrupted: boolean
}

export async function ledgerOf(
  { pool, schema }: TestDatabase,
  schedule: string,
): Promise<readonly LedgerRow[]> {
  const { rows } = await pool.query<LedgerRow>(
    `select f.slot, f.outcome, f.detail, count(distinct e.job_instance_id)::int as instances,
        (array_agg(l.status order by l.job_execution_id desc))[1] as status,
        exists (select 1 from ${schema}.batch_job_execution_action a
          where a.job_execution_id = max(l.job_execution_id) and a.action = 'interrupt') as interrupted
      from ${schema}.batch_schedule_fire f
      left join ${schema}.batch_job_execution e on e.job_execution_id = f.job_execution_id
      left join ${schema}.batch_job_execution l on l.job_instance_id = e.job_instance_id
      where f.schedule_name = $1 group by f.slot, f.outcome, f.detail order by f.slot`,
    [schedule],
  )
  return rows
}

/** Each slot must have a row, and each row must have come to its end, be about to be continued, or say why it was not launched. */
export function ledgerFaults(slots: readonly Date[], rows: readonly LedgerRow[]): readonly string[] {
  const known = new Set(rows.map(({ slot }) => slot.getTime()))
  const missing = slots.filter((slot) => !known.has(slot.getTime()))
  const wrong = rows.filter((row) => !isInOrder(row))
  return [
    ...missing.map((slot) => `${slot.toISOString()} has no row`),
    ...wrong.map((row) => `${row.slot.toISOString()} is ${JSON.stringify(row)}`),
  ]
}

function isInOrder({ outcome, detail, instances, status, interrupted }: LedgerRow): boolean {
  if (outcome !== 'FIRED') return detail !== null && detail !== ''
  return instances === 1 && (status === 'COMPLETED' || (status === 'STOPPED' && interrupted))
}

/** Slots that wait, and interrupted runs that nobody has continued yet. */
export function unfinished(rows: readonly LedgerRow[]): number {
  return rows.filter(
    ({ outcome, status }) => outcome === 'QUEUED' || (outcome === 'FIRED' && status !== 'COMPLETED'),
  ).length
}
