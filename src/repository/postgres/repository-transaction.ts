/** A transaction of the repository itself, on a metadata connection. */
import type { ClientBase } from 'pg'
import type { DataSource, QueryRunner } from 'typeorm'
import type { RunSql } from './fence.ts'
import { classified, isConnectionLoss, type LossOutcome } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { BEGIN } from './sql-words.ts'
import { endNow } from './step-connection.ts'

export interface RepositoryTransaction {
  readonly client: ClientBase
  readonly run: RunSql
  /** From here on a lost connection leaves it open whether anything was committed. */
  readonly committing: () => void
}

/** `work` ends with the COMMIT; when it throws, everything is rolled back. @throws what `explain` makes of the error */
export async function repositoryTransaction<T>(
  source: DataSource,
  address: RepositoryAddress,
  doing: string,
  work: (transaction: RepositoryTransaction) => Promise<T>,
  explain: (error: unknown) => unknown = () => undefined,
): Promise<T> {
  await using runner = source.createQueryRunner()
  const client = await connected(runner, address, doing)
  let outcome: LossOutcome = 'nothing-committed'
  const committing = () => {
    outcome = 'unknown'
  }
  try {
    await client.query(BEGIN)
    return await work({ client, run: runOn(client), committing })
  } catch (error) {
    // Without a connection there is nothing to roll back, and no answer to wait for; the first error is the one to tell.
    if (isConnectionLoss(error)) endNow(client)
    else await client.query('rollback').catch(() => undefined)
    throw explain(error) ?? classified(error, address, doing, outcome)
  }
}

function runOn(client: ClientBase): RunSql {
  return async <R>(text: string, values: readonly unknown[]) => {
    const result = await client.query<Record<string, unknown>>(text, [...values])
    return result.rows as R[]
  }
}

async function connected(
  runner: QueryRunner,
  address: RepositoryAddress,
  doing: string,
): Promise<ClientBase> {
  try {
    return (await runner.connect()) as ClientBase
  } catch (error) {
    throw classified(error, address, doing, 'nothing-committed')
  }
}
