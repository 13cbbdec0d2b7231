/**
 * The check that stands in every statement of an owner: does the execution still belong to it?
 *
 * The order of locks, the same in every statement and transaction of the repository, so that none waits in a circle:
 * 1. a job's name (advisory: launching the next instance; firing a slot, and then the schedule, shared, and its rows in the
 *    ledger), or the quarantine's entries by their ids (launching a redrive, whose instance nobody else knows yet);
 * 2. the instance: launch, recover, abandon; a purge locks many by their ids, and passes over those that are held;
 * 3. the owner: shared by whoever works for the execution, alone by whoever takes it away;
 * 4. a worker of partitions: shared by its claims, alone by whoever gives it up;
 * 5. the job execution; 6. the step; 7. the contexts, the partition, the session of the step; 8. entries of the quarantine
 *    that a chunk writes or marks.
 * Events are only added, last, or deleted when they are old. The outbox of webhooks locks rows of its own: the endpoint, then its deliveries.
 * Heartbeats and the request to stop lock one row each, and nothing besides. A chunk has locked rows of its author's before
 * all that: whoever takes an execution away ends the sessions of its steps first, and so never waits for those.
 */
import { BatchError } from '../../core/model/batch-error.ts'
import type { Claim } from '../../core/ports/lease.ts'
import { DIVISION_BY_ZERO, errorCode } from './postgres-errors.ts'
import type { TableNames } from './table-names.ts'

/** Runs one statement and answers its rows. */
export type RunSql = <R>(text: string, values: readonly unknown[]) => Promise<readonly R[]>

/**
 * A CTE named `fence`: one row while the claim in $1 and $2 holds, else none.
 *
 * `for share` locks the owner row until the end of the transaction. Recovery, which raises the generation, waits for
 * it, and whoever waits for recovery finds the new generation afterwards (READ COMMITTED looks at the row again).
 * Commits of parallel steps share the lock; heartbeats write another row. The owner row is always locked first.
 */
export function fenceSql(tables: TableNames): string {
  return `fence as materialized (
      select 1 from ${tables.owner} where job_execution_id = $1 and generation = $2 for share
    )`
}

/**
 * Makes the server refuse when `cte`, which depends on the fence, has found or changed nothing. An UPDATE of no rows
 * would succeed, and in one flush the COMMIT is already on its way behind it: only an error inside the server stops it.
 */
export function proofSql(cte: string): string {
  return `1 / (select count(*) from ${cte}) as proof`
}

/** Does `statement`; when its proof fails, finds out what is wrong and says so. */
export async function whileFenced<T>(
  statement: () => Promise<T>,
  explain: () => Promise<BatchError>,
): Promise<T> {
  try {
    return await statement()
  } catch (error) {
    throw isProofFailure(error) ? await explain() : error
  }
}

export function isProofFailure(error: unknown): boolean {
  return errorCode(error) === DIVISION_BY_ZERO
}

interface Facts {
  readonly generation: string | null
  readonly status: string | null
  readonly stepVersion: string | null
  readonly contexts: string
}

/** Asked after a refusal, outside its transaction. */
export async function explainRefusal(
  run: RunSql,
  tables: TableNames,
  claim: Claim,
  step?: { readonly id: string; readonly version: number },
): Promise<BatchError> {
  const [facts] = await run<Facts>(
    `select
      (select generation from ${tables.owner} where job_execution_id = $1) as "generation",
      (select status from ${tables.jobExecution} where job_execution_id = $1) as "status",
      (select version from ${tables.stepExecution} where step_execution_id = $2) as "stepVersion",
      (select count(*) from ${tables.stepContext} where step_execution_id = $2) as "contexts"`,
    [claim.jobExecutionId, step?.id ?? null],
  )
  const details = { ...claim, ...facts }
  if (facts?.generation !== claim.generation) {
    return new BatchError('LEASE_LOST', leaseLostText(claim, facts), { details })
  }
  if (step === undefined) {
    return new BatchError(
      'OPTIMISTIC_LOCK_FAILED',
      `job execution ${claim.jobExecutionId} is ${facts.status ?? 'gone'} and could not be changed; nothing was`,
      { details },
    )
  }
  return new BatchError(
    'OPTIMISTIC_LOCK_FAILED',
    `step execution ${step.id} of job execution ${claim.jobExecutionId} was changed by somebody else: ` +
      `version ${facts.stepVersion ?? 'none'} instead of ${step.version}` +
      `${facts.contexts === '0' ? ', and its context is gone' : ''}; nothing of this transaction was committed`,
    { details: { ...details, stepExecutionId: step.id, version: step.version } },
  )
}

function leaseLostText({ jobExecutionId, generation }: Claim, facts: Facts | undefined): string {
  const now =
    facts?.generation === null || facts === undefined
      ? 'its owner row is gone'
      : `its generation is ${facts.generation}, this process holds ${generation}`
  return (
    `job execution ${jobExecutionId} (now ${facts?.status ?? 'deleted'}) was taken from this process: ${now}; ` +
    'nothing of this transaction was committed, and this process must not go on with it'
  )
}
