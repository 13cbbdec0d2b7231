/** A launch: one transaction that locks the instance, lets the caller decide, and does what was decided. */
import type { QueryResult } from 'pg'
import type { DataSource } from 'typeorm'
import { BatchError } from '../../core/model/batch-error.ts'
import { EMPTY_CONTEXT, type StoredContext } from '../../core/model/execution-context.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import type { JobParameters } from '../../core/model/job-parameters.ts'
import type {
  Launched,
  LaunchRequest,
  LaunchTerms,
  LaunchVerdict,
  PreviousStep,
} from '../../core/ports/launch.ts'
import type { RunSql } from './fence.ts'
import {
  claimOf,
  type InsertedExecution,
  insertExecutionSql,
  insertExecutionValues,
  type KeyedTerms,
  newJobExecution,
} from './insert-execution.ts'
import { type FoundExecution, latestExecution, previousSteps } from './job-execution-rows.ts'
import { type FoundInstance, findOrInsertInstance } from './job-instance-row.ts'
import { checkNameColumn } from './name-column.ts'
import { type RepositoryTransaction, repositoryTransaction } from './repository-transaction.ts'
import { type ParameterColumns, parameterColumns } from './parameter-columns.ts'
import { errorCode, UNIQUE_VIOLATION } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { closeAsFailed, fenceOff } from './retire-execution.ts'
import { StatementPipeline } from './statement-pipeline.ts'

const LEFT_RUNNING = 'left running by a job execution that has ended'

/** The instance is locked before anything else is, so launches of one instance go one after the other. */
export async function launch(
  source: DataSource,
  address: RepositoryAddress,
  request: LaunchRequest,
): Promise<Launched> {
  const parameters = storableParameters(request)
  const work = async (transaction: RepositoryTransaction) => {
    const found = await findOrInsertInstance(transaction.run, address.tables, request)
    return launchFound(transaction, address, request, parameters, found)
  }
  return repositoryTransaction(source, address, `launching job '${request.jobName}'`, work, (error) =>
    alreadyRunning(error, request),
  )
}

/** Before the transaction. @throws BatchError INVALID_JOB_DEFINITION, INVALID_JOB_PARAMETERS */
export function storableParameters({ jobName, parameters }: LaunchRequest): ParameterColumns {
  checkNameColumn('job', jobName)
  return parameterColumns(parameters)
}

/** A launch of the instance that is locked. */
export async function launchFound(
  transaction: RepositoryTransaction,
  address: RepositoryAddress,
  request: LaunchRequest & KeyedTerms,
  parameters: ParameterColumns,
  found: FoundInstance,
): Promise<Launched> {
  const prepared = await prepareFound(transaction.run, address, request, found)
  return insertAndCommit(transaction, address, request, parameters, prepared)
}

interface Ground {
  readonly continued: FoundExecution | undefined
  readonly recovered: boolean
}

/** What the new execution is built on. */
export interface Prepared extends Ground {
  readonly instance: JobInstance
  readonly steps: ReadonlyMap<string, PreviousStep>
  /** @default that of the execution that is continued */
  readonly context?: StoredContext
}

/** Locks the instance, asks for the verdict and does all of it but the new rows. @throws the verdict's error */
export async function prepareLaunch(
  run: RunSql,
  address: RepositoryAddress,
  request: LaunchRequest,
): Promise<Prepared> {
  return prepareFound(run, address, request, await findOrInsertInstance(run, address.tables, request))
}

async function prepareFound(
  run: RunSql,
  { tables }: RepositoryAddress,
  request: LaunchRequest,
  found: FoundInstance,
): Promise<Prepared> {
  const { instance } = found
  const ground = await prepareGround(run, tables, found, request)
  const steps = ground.continued === undefined ? new Map() : await previousSteps(run, tables, instance.id)
  return { ...ground, instance, steps }
}

/** Asks for the verdict, and takes the latest execution from its owner where the verdict says so. */
async function prepareGround(
  run: RunSql,
  tables: RepositoryAddress['tables'],
  found: FoundInstance,
  request: LaunchRequest,
): Promise<Ground> {
  const { instance, isNew } = found
  const latest = isNew ? undefined : await latestExecution(run, tables, instance.id)
  const verdict: LaunchVerdict = request.decide(latest)
  if (verdict.action === 'refuse') throw verdict.error
  if (verdict.action === 'start' || latest === undefined) return { continued: undefined, recovered: false }
  const { execution, owner } = latest
  // Also an ended one: Spring's stop() ends the row while the owner still works, which must not commit from here on.
  if (owner !== null) await fenceOff(run, tables, execution.id)
  const closing = { jobExecutionId: execution.id, by: request.by }
  switch (verdict.action) {
    case 'restart': {
      const settled = owner?.leaseExpired === false ? await latestExecution(run, tables, instance.id) : latest
      if (latest.runningSteps > 0) await closeAsFailed(run, tables, { ...closing, reason: LEFT_RUNNING })
      return { continued: settled, recovered: false }
    }
    case 'recover-and-restart': {
      const closed = await closeAsFailed(run, tables, { ...closing, reason: verdict.reason })
      // Its last commit or its end came in while we waited for the fence.
      if (!closed) return prepareGround(run, tables, found, request)
      return { continued: await latestExecution(run, tables, instance.id), recovered: true }
    }
    default:
      return verdict satisfies never
  }
}

/** The last statements of every launch, in one flush: the new rows, `besides` that know their id as `currval`, the commit. */
export async function insertAndCommit(
  { client, committing }: RepositoryTransaction,
  { tables }: RepositoryAddress,
  request: KeyedTerms & { readonly parameters: JobParameters },
  parameters: ParameterColumns,
  prepared: Prepared,
  besides: readonly { readonly text: string; readonly values: readonly unknown[] }[] = [],
): Promise<Launched> {
  committing()
  const { instance, continued, recovered, steps } = prepared
  const context = prepared.context ?? continued?.execution.executionContext ?? EMPTY_CONTEXT
  const values = insertExecutionValues(instance, parameters, context, request)
  const pipeline = new StatementPipeline(client)
  const inserting = pipeline.add({ text: insertExecutionSql(tables), values })
  const others = [...besides, { text: 'commit' }].map((one) => pipeline.add(one))
  const [sent] = await Promise.allSettled([pipeline.send(), inserting, ...others])
  if (sent.status === 'rejected') throw sent.reason
  const { rows } = (await inserting) as QueryResult<InsertedExecution>
  const inserted = rows[0] as InsertedExecution
  const restartOf = continued?.execution.id ?? null
  return {
    execution: newJobExecution(inserted, instance, request, context),
    claim: claimOf(inserted),
    restartOf,
    recovered: recovered ? restartOf : null,
    previousSteps: steps,
  }
}

/** Spring does not lock the instance; the index on live executions stops the second of two anyhow. */
export function alreadyRunning(error: unknown, { jobName }: LaunchTerms): BatchError | undefined {
  const { constraint } = error as { constraint?: string }
  if (errorCode(error) !== UNIQUE_VIOLATION || !constraint?.endsWith('job_execution_one_live'))
    return undefined
  return new BatchError(
    'JOB_EXECUTION_ALREADY_RUNNING',
    `an execution of this instance of job '${jobName}' was started by somebody else at the same moment; nothing was changed`,
    { details: { jobName }, cause: error },
  )
}
