/** A fire: the slot's row in the ledger, the decision about overlaps, and the launch, in one transaction. */
import type { DataSource } from 'typeorm'
import { isBatchError } from '../../core/model/batch-error.ts'
import { cutText } from '../../core/model/error-description.ts'
import { REQUESTER_LIMIT } from '../../core/model/operator-action.ts'
import type { ScheduleFire } from '../../core/model/schedule-fire.ts'
import type {
  FireAnswer,
  FireRequest,
  FireVerdict,
  LiveExecution,
  PreviousFire,
} from '../../core/ports/schedule-store.ts'
import type { RunSql } from './fence.ts'
import { executionById } from './job-execution-rows.ts'
import { alreadyRunning, insertAndCommit, type Prepared, prepareLaunch } from './launch.ts'
import { checkNameColumn } from './name-column.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import { parameterColumns } from './parameter-columns.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { decodeStatus } from './rows.ts'
import { findFire, pauseByFire, shareState } from './schedule-rows.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/**
 * Locks: the job's name (advisory), so that of two slots of a job one sees what became of the other; the schedule (shared); the
 * slot's row, and those of older slots that it supersedes; then as a launch.
 */
export function fireSlot(
  source: DataSource,
  address: RepositoryAddress,
  request: FireRequest,
): Promise<FireAnswer> {
  checkNameColumn('job', request.launch.jobName)
  const doing = `firing schedule '${request.schedule}' for ${request.slot.toISOString()}`
  const work = (transaction: RepositoryTransaction) => fire(transaction, address, request)
  return repositoryTransaction(source, address, doing, work, (error) => alreadyRunning(error, request.launch))
}

async function fire(
  transaction: RepositoryTransaction,
  address: RepositoryAddress,
  request: FireRequest,
): Promise<FireAnswer> {
  const { client, run } = transaction
  const { tables } = address
  const { jobName } = request.launch
  await run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `fire ${tables.jobInstance} ${jobName}`,
  ])
  const state = await shareState(run, tables, request.schedule)
  const taken = await takeSlot(run, tables, request)
  if (taken === undefined) {
    const found = await findFire(run, tables, request.schedule, request.slot)
    await client.query('rollback')
    return { outcome: 'taken', fire: found as ScheduleFire }
  }
  const live = await liveExecutions(run, tables, jobName)
  const queued = await queuedSlots(run, tables, request)
  const previous = await previousFire(run, tables, request)
  const verdict = request.decide({ state, live, queued, previous, maxActive: taken.maxActive })
  switch (verdict.action) {
    case 'leave':
      await client.query('rollback')
      return { outcome: 'left', reason: verdict.reason }
    case 'record':
      return settle(transaction, tables, request, verdict)
    case 'launch':
      return launchSlot(transaction, address, request)
    default:
      return verdict satisfies never
  }
}

interface TakenSlot {
  readonly maxActive: number | null
}

/**
 * An insert that meets another's waits for its end, and then finds the row. The execution of a slot that had been fired, and was
 * queued since, stays named until another is launched.
 */
async function takeSlot(
  run: RunSql,
  tables: TableNames,
  { schedule, slot, by, replaces, maxActive }: FireRequest,
): Promise<TakenSlot | undefined> {
  const [taken] = await run<TakenSlot>(
    `insert into ${tables.fire} as f (schedule_name, slot, outcome, fired_by, fired_at, max_active)
      values ($1, $2, 'FIRED', $3, clock_timestamp(), $5)
      on conflict (schedule_name, slot) do update set outcome = 'FIRED', fired_by = $3, fired_at = clock_timestamp(),
        detail = null, max_active = coalesce(excluded.max_active, f.max_active)
        where f.outcome = any($4)
      returning max_active as "maxActive"`,
    [schedule, slot.toISOString(), cutText(by, REQUESTER_LIMIT), replaces, maxActive ?? null],
  )
  return taken
}

/** Found down the index on live executions, of which there are few. No locks. */
async function liveExecutions(
  run: RunSql,
  tables: TableNames,
  jobName: string,
): Promise<readonly LiveExecution[]> {
  const rows = await run<{ id: string; isBackfill: boolean }>(
    `select e.job_execution_id as "id", exists (select 1 from ${tables.fire} f
        where f.job_execution_id = e.job_execution_id and f.max_active is not null) as "isBackfill"
      from ${tables.jobExecution} e
      join ${tables.jobInstance} i on i.job_instance_id = e.job_instance_id
      where i.job_name = $1 and e.status in ${LIVE} order by e.job_execution_id`,
    [jobName],
  )
  const live: LiveExecution[] = []
  for (const { id, isBackfill } of rows) {
    const found = await executionById(run, tables, id)
    if (found !== undefined) live.push({ id, status: found.execution.status, owner: found.owner, isBackfill })
  }
  return live
}

/** No locks. */
async function queuedSlots(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
): Promise<readonly Date[]> {
  const rows = await run<{ slot: string }>(
    `select trunc(extract(epoch from slot) * 1000)::text as "slot" from ${tables.fire}
      where schedule_name = $1 and outcome = 'QUEUED' and max_active is null and slot <> $2 order by slot`,
    [schedule, slot.toISOString()],
  )
  return rows.map((row) => new Date(Number(row.slot)))
}

/** No locks. */
async function previousFire(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
): Promise<PreviousFire | undefined> {
  const [row] = await run<{ slot: string; id: string; status: string; endTime: string | null }>(
    `select trunc(extract(epoch from f.slot) * 1000)::text as "slot", latest.id, latest.status, latest.ended as "endTime"
      from ${tables.fire} f
      cross join lateral (
        select l.job_execution_id::text as id, l.status, trunc(extract(epoch from l.end_time) * 1000)::text as ended
          from ${tables.jobExecution} e join ${tables.jobExecution} l on l.job_instance_id = e.job_instance_id
          where e.job_execution_id = f.job_execution_id order by l.job_execution_id desc limit 1
      ) latest
      where f.schedule_name = $1 and f.slot < $2 and f.outcome = 'FIRED' order by f.slot desc limit 1`,
    [schedule, slot.toISOString()],
  )
  if (row === undefined) return undefined
  return {
    slot: new Date(Number(row.slot)),
    jobExecutionId: row.id,
    status: decodeStatus(row.status),
    endTime: row.endTime === null ? null : new Date(Number(row.endTime)),
  }
}

type Record = Extract<FireVerdict, { readonly action: 'record' }>

async function settle(
  transaction: RepositoryTransaction,
  tables: TableNames,
  { schedule, slot }: FireRequest,
  { outcome, detail, supersedes, pauses }: Omit<Record, 'action'>,
): Promise<Exclude<FireAnswer, { readonly outcome: 'FIRED' | 'taken' | 'left' }>> {
  const { run } = transaction
  const at = slot.toISOString()
  await run(`update ${tables.fire} set outcome = $3, detail = $4 where schedule_name = $1 and slot = $2`, [
    schedule,
    at,
    outcome,
    detail,
  ])
  if (supersedes === true)
    await run(
      `update ${tables.fire} set outcome = 'SKIPPED', detail = 'the slot ' || $3 || ' took its place in the queue'
        where schedule_name = $1 and slot < $2 and outcome = 'QUEUED' and max_active is null`,
      [schedule, at, at],
    )
  if (pauses !== undefined) await pauseByFire(run, tables, schedule, pauses)
  await commit(transaction)
  return { outcome, detail }
}

/** For a slot that had been fired before: it still names that execution. Locks: none more. */
async function staysFired(
  run: RunSql,
  tables: TableNames,
  { schedule, slot }: FireRequest,
  detail: string,
): Promise<boolean> {
  const rows = await run(
    `update ${tables.fire} set detail = $3
      where schedule_name = $1 and slot = $2 and job_execution_id is not null returning 1`,
    [schedule, slot.toISOString(), detail],
  )
  return rows.length > 0
}

async function commit({ client, committing }: RepositoryTransaction): Promise<void> {
  committing()
  await client.query('commit')
}

/** A refusal takes back whatever the launch has begun, and is recorded, but never over a slot that was FIRED. */
async function launchSlot(
  transaction: RepositoryTransaction,
  address: RepositoryAddress,
  request: FireRequest,
): Promise<FireAnswer> {
  const { client, run } = transaction
  const { tables } = address
  const { launch, schedule, slot } = request
  const columns = parameterColumns(launch.parameters)
  await client.query('savepoint launching')
  let prepared: Prepared
  try {
    prepared = await prepareLaunch(run, address, launch)
  } catch (error) {
    if (!isBatchError(error)) throw error
    if (request.replaces.includes('FIRED')) {
      await client.query('rollback')
      return { outcome: 'left', reason: error.message, error }
    }
    await client.query('rollback to savepoint launching')
    const detail = `${error.code}: ${error.message}`
    if (await staysFired(run, tables, request, detail)) {
      await commit(transaction)
      return { outcome: 'left', reason: error.message, error }
    }
    return { ...(await settle(transaction, tables, request, { outcome: 'REFUSED', detail })), error }
  }
  const named = {
    text: `update ${tables.fire} set job_execution_id = currval(${tables.jobExecutionSeq})
      where schedule_name = $1 and slot = $2`,
    values: [schedule, slot.toISOString()],
  }
  const launched = await insertAndCommit(transaction, address, launch, columns, prepared, [named])
  return { outcome: 'FIRED', launched }
}
