/** A launch of a redrive: the items are taken into a batch, and its instance is made, in one transaction. */
import type { DataSource } from 'typeorm'
import { BatchError } from '../../core/model/batch-error.ts'
import type { LaunchedRedrive, RedriveRequest } from '../../core/ports/launch.ts'
import { claimQuarantine, nameRedrive } from './claim-quarantine.ts'
import { findOrInsertInstance } from './job-instance-row.ts'
import { insertAndCommit, type Prepared } from './launch.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import { parameterColumns } from './parameter-columns.ts'
import type { RepositoryAddress } from './repository-options.ts'

/** Locks: the entries in the order of their ids, then the new instance's row, so that a race for an entry ends here. */
export function launchRedrive(
  source: DataSource,
  address: RepositoryAddress,
  request: RedriveRequest,
): Promise<LaunchedRedrive | undefined> {
  const doing = `launching a redrive of job execution ${request.originJobExecutionId}`
  return repositoryTransaction(source, address, doing, (transaction) =>
    redrive(transaction, address, request),
  )
}

async function redrive(
  transaction: RepositoryTransaction,
  address: RepositoryAddress,
  request: RedriveRequest,
): Promise<LaunchedRedrive | undefined> {
  const { client, run } = transaction
  const { tables } = address
  const batch = await claimQuarantine(run, tables, request)
  if (batch === undefined) {
    await client.query('rollback')
    return undefined
  }
  const launching = request.launch(batch.batchId)
  const { instance, isNew } = await findOrInsertInstance(run, tables, launching)
  if (!isNew) throw batchKnown(launching.jobName, batch.batchId)
  await nameRedrive(run, tables, batch.batchId, instance.id)
  const nothing: Prepared = {
    instance,
    continued: undefined,
    recovered: false,
    steps: new Map(),
    context: request.executionContext,
  }
  const columns = parameterColumns(launching.parameters)
  return { ...batch, launched: await insertAndCommit(transaction, address, launching, columns, nothing) }
}

/** Only where the ids of batches were made to begin again. */
function batchKnown(jobName: string, batchId: string): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `job '${jobName}' has a redrive of a batch ${batchId} already, although the batch is new: the quarantine's tables were emptied. ` +
      'Nothing was started; try again, and the next id is taken.',
    { details: { jobName, batchId } },
  )
}
