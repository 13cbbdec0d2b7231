/** A fire: the slot's row in the ledger, the decision about overlaps, and the launch, in one transaction. */
import type { DataSource } from 'typeorm'
import { isBatchError } from '../../core/model/batch-error.ts'
import type { ScheduleFire } from '../../core/model/schedule-fire.ts'
import type { FireAnswer, FireRequest, FireVerdict } from '../../core/ports/schedule-store.ts'
import { liveExecutions, previousFire, queuedSlots } from './fire-ground.ts'
import { findFire } from './fire-rows.ts'
import { lockJobName } from './job-name-lock.ts'
import { alreadyRunning, insertAndCommit, type Prepared, prepareLaunch } from './launch.ts'
import { checkNameColumn } from './name-column.ts'
import { parameterColumns } from './parameter-columns.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { pauseByFire, shareState } from './schedule-rows.ts'
import { namingSql, recordOutcome, staysFired, supersedeQueued, takeSlot } from './slot-rows.ts'
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
  await lockJobName(run, tables, 'fire', jobName)
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

type RecordVerdict = Extract<FireVerdict, { readonly action: 'record' }>

async function settle(
  transaction: RepositoryTransaction,
  tables: TableNames,
  request: FireRequest,
  { outcome, detail, supersedes, pauses }: Omit<RecordVerdict, 'action'>,
): Promise<Exclude<FireAnswer, { readonly outcome: 'FIRED' | 'taken' | 'left' }>> {
  const { run } = transaction
  await recordOutcome(run, tables, request, outcome, detail)
  if (supersedes === true) await supersedeQueued(run, tables, request)
  if (pauses !== undefined) await pauseByFire(run, tables, request.schedule, pauses)
  await commit(transaction)
  return { outcome, detail }
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
  const { launch } = request
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
  const launched = await insertAndCommit(transaction, address, launch, columns, prepared, [
    namingSql(tables, request),
  ])
  return { outcome: 'FIRED', launched }
}
