/** Savepoints inside a chunk's transaction. */
import type { PoolClient } from 'pg'
import { BatchError } from '../../core/model/batch-error.ts'
import type { Transaction } from '../../core/ports/resource.ts'
import { IN_FAILED_TRANSACTION, errorCode } from './postgres-errors.ts'
import { endedByWork, errorSwallowed } from './foreign-end.ts'

/** `begin` sends BEGIN, once; its answer need not be awaited, since statements queue up. */
export function savepoints(client: PoolClient, begin: () => Promise<void>): Transaction['savepoint'] {
  let depth = 0
  return async (work) => {
    await begin()
    const name = `batchwright_${(depth += 1)}`
    try {
      await setSavepoint(client, name)
      return await keptOrUndone(client, name, work)
    } finally {
      depth -= 1
    }
  }
}

async function keptOrUndone<R>(client: PoolClient, name: string, work: () => Promise<R>): Promise<R> {
  try {
    const result = await work()
    if (client.getTransactionStatus() !== 'I') {
      await keep(client, name)
      return result
    }
  } catch (error) {
    if (client.getTransactionStatus() === 'I') throw endedByWork(error)
    await undo(client, name, error)
    throw errorCode(error) === IN_FAILED_TRANSACTION ? errorSwallowed(error) : error
  }
  throw endedByWork()
}

/** Nothing has been done in it yet, so what fails here is about the connection. */
async function setSavepoint(client: PoolClient, name: string): Promise<void> {
  try {
    await client.query(`savepoint ${name}`)
  } catch (error) {
    throw transactionLost(error)
  }
}

/**
 * Deferred constraints are checked now, while it is known whose rows they are about. What follows defers them again, also
 * those that are checked at once by default; their time comes at the end of the next savepoint.
 */
async function keep(client: PoolClient, name: string): Promise<void> {
  await client.query(`set constraints all immediate; release savepoint ${name}; set constraints all deferred`)
}

async function undo(client: PoolClient, name: string, error: unknown): Promise<void> {
  try {
    await client.query(`rollback to savepoint ${name}; release savepoint ${name}`)
  } catch {
    throw transactionLost(error)
  }
}

/** The server rolls such a transaction back by itself. */
function transactionLost(cause: unknown): BatchError {
  return new BatchError(
    'REPOSITORY_UNAVAILABLE',
    'the transaction of a chunk cannot go on, since its connection was lost; nothing of it was committed',
    { details: { outcome: 'nothing-committed' }, cause },
  )
}
