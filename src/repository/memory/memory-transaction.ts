/** A transaction of the in-memory repository: changes in this process's memory that are made at the commit, all or none. */
import { BatchError } from '../../core/model/batch-error.ts'
import { type ResourceKey, resourceKey, type Transaction } from '../../core/ports/resource.ts'

/** What takes part in a chunk's transaction without a database. A writer finds it as MEMORY_TRANSACTION. */
export interface MemoryTransaction {
  /** Waits for the commit, behind the changes that wait already. @throws BatchError TRANSACTION_RESOURCE_MISSING after the end */
  readonly add: (change: MemoryChange) => void
  /** Those that wait, in their order, without those of a savepoint that was rolled back. */
  readonly changes: () => readonly MemoryChange[]
}

export interface MemoryChange {
  /** Throws what forbids the commit. Asked of all changes before the first of them is applied. */
  readonly check?: () => void
  /** Makes the change. Must not throw. */
  readonly apply: () => void
}

/** Inside a transaction of the in-memory repository. */
export const MEMORY_TRANSACTION: ResourceKey<MemoryTransaction> = resourceKey('memory transaction')

/** As the repository holds it. */
export interface OpenMemoryTransaction {
  readonly transaction: Transaction
  /** Asks all changes whether they can be made. @throws what the first says that cannot */
  readonly check: () => void
  /** Ends the transaction and makes its changes. */
  readonly commit: () => void
  /** Ends it without. */
  readonly rollBack: () => void
}

export function beginMemoryTransaction(): OpenMemoryTransaction {
  const waiting: MemoryChange[] = []
  let hasEnded = false
  const add = (change: MemoryChange): void => {
    if (hasEnded) throw ended()
    waiting.push(change)
  }
  const memory: MemoryTransaction = { add, changes: () => [...waiting] }
  const find = <R>({ id }: ResourceKey<R>) => (id === MEMORY_TRANSACTION.id ? (memory as R) : undefined)
  const check = (): void => waiting.forEach((change) => change.check?.())
  const savepoint: Transaction['savepoint'] = async (work) => {
    const mark = waiting.length
    try {
      const result = await work()
      check()
      return result
    } catch (error) {
      waiting.splice(mark)
      throw error
    }
  }
  return {
    transaction: { find, resource: (key) => find(key) ?? refuse(key), savepoint },
    check,
    commit: () => {
      hasEnded = true
      waiting.forEach(({ apply }) => apply())
    },
    rollBack: () => {
      hasEnded = true
      waiting.splice(0)
    },
  }
}

function refuse({ name }: ResourceKey<unknown>): never {
  throw new BatchError(
    'TRANSACTION_RESOURCE_MISSING',
    `a transaction of the in-memory job repository has no ${name}: run the job on the Postgres job repository ` +
      '(the embedded one needs no set-up), or give the writer a connection of its own',
    { details: { resource: name } },
  )
}

function ended(): BatchError {
  return new BatchError(
    'TRANSACTION_RESOURCE_MISSING',
    'the transaction has ended, and nothing more can be written in it: await every write before the callback returns',
    { details: { resource: MEMORY_TRANSACTION.name } },
  )
}
