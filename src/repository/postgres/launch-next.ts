/** A launch of the next instance of a job: its parameters are found inside the transaction, from the instance before. */
import type { DataSource } from 'typeorm'
import type { Launched, NextLaunchRequest } from '../../core/ports/launch.ts'
import type { RunSql } from './fence.ts'
import { type FoundExecution, executionById } from './job-execution-rows.ts'
import { findOrInsertInstance } from './job-instance-row.ts'
import { lockJobName } from './job-name-lock.ts'
import type { KeyedTerms } from './insert-execution.ts'
import { insertAndCommit, type Prepared } from './launch.ts'
import { checkNameColumn } from './name-column.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import { parameterColumns } from './parameter-columns.ts'
import type { RepositoryAddress } from './repository-options.ts'
import type { TableNames } from './table-names.ts'

/** Locks: the job's name (advisory, until the end), so that of two one waits and counts on; then the new instance's row. */
export function launchNext(
  source: DataSource,
  address: RepositoryAddress,
  request: NextLaunchRequest,
): Promise<Launched> {
  const { jobName } = request
  checkNameColumn('job', jobName)
  const doing = `launching the next instance of job '${jobName}'`
  return repositoryTransaction(source, address, doing, async (transaction) => {
    await lockJobName(transaction.run, address.tables, 'next', jobName)
    return launchAfterLast(transaction, address, request)
  })
}

/** The job's name is locked. */
export async function launchAfterLast(
  transaction: RepositoryTransaction,
  address: RepositoryAddress,
  request: NextLaunchRequest & KeyedTerms,
): Promise<Launched> {
  const { run } = transaction
  const { tables } = address
  const last = await findLast(run, tables, request.jobName)
  const execution = last.execution?.execution
  for (let { runId } = last; ; runId += 1n) {
    const { jobKey, parameters } = await request.next({ execution, runId })
    const { instance, isNew } = await findOrInsertInstance(run, tables, { jobName: request.jobName, jobKey })
    if (!isNew) continue // made by Spring, or from parameters that were given by hand
    const nothing: Prepared = { instance, continued: undefined, recovered: false, steps: new Map() }
    const terms = { ...request, parameters }
    const launched = await insertAndCommit(transaction, address, terms, parameterColumns(parameters), nothing)
    return execution === undefined ? launched : { ...launched, after: execution }
  }
}

interface Last {
  readonly execution: FoundExecution | undefined
  readonly runId: bigint
}

/**
 * From the newest instance down the index on (job_name, job_instance_id), each with one step down the index of its executions.
 * Both searches end at the first instance of the kind that they look for. No locks.
 */
async function findLast(run: RunSql, tables: TableNames, jobName: string): Promise<Last> {
  const newest = `from ${tables.jobInstance} i
        cross join lateral (select job_execution_id as id from ${tables.jobExecution}
          where job_instance_id = i.job_instance_id order by job_execution_id desc limit 1) e`
  const [row] = await run<{ id: string | null; runId: string | null }>(
    `select (
      select e.id ${newest}
        where i.job_name = $1 and not exists (select 1 from ${tables.params} p
          where p.job_execution_id = e.id and p.parameter_name like 'batchwright.%')
        order by i.job_instance_id desc limit 1
    ) as "id", (
      select p.parameter_value ${newest}
        join ${tables.params} p on p.job_execution_id = e.id and p.parameter_name = 'run.id'
          and p.parameter_value ~ '^[0-9]{1,18}$'
        where i.job_name = $1 order by i.job_instance_id desc limit 1
    ) as "runId"`,
    [jobName],
  )
  const id = row?.id ?? null
  const execution = id === null ? undefined : await executionById(run, tables, id)
  return { execution, runId: BigInt(row?.runId ?? 0) }
}
