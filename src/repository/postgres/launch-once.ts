/** A launch with a key: asked for again, it is answered with what was launched. */
import type { DataSource } from 'typeorm'
import { keyReused } from '../../core/model/launch-key.ts'
import type { JobExecution } from '../../core/model/job-execution.ts'
import type {
  KeyedLaunch,
  Launched,
  LaunchKey,
  LaunchRequest,
  NextLaunchRequest,
} from '../../core/ports/launch.ts'
import type { RunSql } from './fence.ts'
import { executionById } from './job-execution-rows.ts'
import { findOrInsertInstance } from './job-instance-row.ts'
import { lockJobName } from './job-name-lock.ts'
import { alreadyRunning, launchFound, storableParameters } from './launch.ts'
import { launchAfterLast } from './launch-next.ts'
import { checkNameColumn } from './name-column.ts'
import { requesterColumn } from './operator-actions.ts'
import { errorCode, UNIQUE_VIOLATION } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import type { TableNames } from './table-names.ts'

/**
 * The key is looked up behind the lock that launches of its instance, or next ones of its job, wait for, so that of equal ones the
 * second finds what the first has committed. Two that share nothing but the key meet in its index: whoever loses looks again.
 */
export async function launchOnce(
  source: DataSource,
  address: RepositoryAddress,
  request: LaunchRequest | NextLaunchRequest,
  key: LaunchKey,
): Promise<KeyedLaunch> {
  const doing = `launching job '${request.jobName}' with a key`
  const work = workOf(address, request, key)
  const explain = (error: unknown) => (isKeyTaken(error) ? error : alreadyRunning(error, request))
  for (;;) {
    try {
      return await repositoryTransaction(source, address, doing, work, explain)
    } catch (error) {
      if (!isKeyTaken(error)) throw error
    }
  }
}

function workOf(
  address: RepositoryAddress,
  request: LaunchRequest | NextLaunchRequest,
  key: LaunchKey,
): (transaction: RepositoryTransaction) => Promise<KeyedLaunch> {
  const { tables } = address
  if ('next' in request) {
    checkNameColumn('job', request.jobName)
    return async (transaction) => {
      await lockJobName(transaction.run, tables, 'next', request.jobName)
      const launching = () => launchAfterLast(transaction, address, { ...request, key })
      return unlessKnown(transaction, tables, key, launching)
    }
  }
  const parameters = storableParameters(request)
  return async (transaction) => {
    const found = await findOrInsertInstance(transaction.run, tables, request)
    const launching = () => launchFound(transaction, address, { ...request, key }, parameters, found)
    return unlessKnown(transaction, tables, key, launching)
  }
}

/** @throws BatchError IDEMPOTENCY_KEY_REUSED */
async function unlessKnown(
  { client, run }: RepositoryTransaction,
  tables: TableNames,
  key: LaunchKey,
  launching: () => Promise<Launched>,
): Promise<KeyedLaunch> {
  const known = await findKey(run, tables, key)
  const found = known === undefined ? undefined : await executionById(run, tables, known.id)
  if (known === undefined || found === undefined) return { outcome: 'launched', launched: await launching() }
  const execution: JobExecution = found.execution
  if (known.requestHash !== key.requestHash) throw keyReused(key.key, execution)
  await client.query('rollback')
  return { outcome: 'replayed', execution, restartOf: known.restartOf }
}

interface KnownKey {
  readonly id: string
  readonly requestHash: string
  readonly restartOf: string | null
}

/** With the execution that came before in its instance, which is the one that it continued. No locks. */
async function findKey(
  run: RunSql,
  tables: TableNames,
  { caller, key }: LaunchKey,
): Promise<KnownKey | undefined> {
  const [row] = await run<KnownKey>(
    `select e.job_execution_id as "id", l.request_hash as "requestHash",
      (select max(b.job_execution_id) from ${tables.jobExecution} b
        where b.job_instance_id = e.job_instance_id and b.job_execution_id < e.job_execution_id) as "restartOf"
      from ${tables.launch} l
      join ${tables.jobExecution} e on e.job_execution_id = l.job_execution_id
      where l.caller = $1 and l.launch_key = $2`,
    [requesterColumn(caller), key],
  )
  return row
}

function isKeyTaken(error: unknown): boolean {
  const { constraint } = (error ?? {}) as { constraint?: string }
  return errorCode(error) === UNIQUE_VIOLATION && constraint?.endsWith('job_execution_launch_key') === true
}
