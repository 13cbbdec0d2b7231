import { expect } from 'chai'
import type { Transaction } from '../../src/core/ports/resource.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { beginMemoryTransaction } from '../../src/repository/memory/memory-transaction.ts'
import { itemWriterContract, memoryTable } from '../../src/testing/index.ts'

const row = (id: number, text = `row ${id}`) => ({ id, text })

describe('A memory table', () => {
  const subject = async () => {
    const table = memoryTable<{ readonly id: number }>()
    return {
      writer: table.writer,
      items: [1, 2, 3, 4, 5, 6].map((id) => row(id)),
      visible: async () => table.rows(),
      repository: memoryRepository(),
    }
  }
  for (const { promise, check } of itemWriterContract(
    { guarantee: 'transactional', checkpoints: false },
    subject,
  ))
    it(promise, check)

  it('shows what waits in a transaction inside that transaction only', async () => {
    const table = memoryTable<{ readonly id: number }>()
    await inTransaction(async (transaction) => {
      table.insert([row(1)], transaction)
      expect(table.rows(transaction)).to.deep.equal([row(1)])
      expect(table.rows()).to.deep.equal([])
    })
    expect(table.rows()).to.deep.equal([row(1)])
  })

  it('is restored by the rollback of a savepoint, and of one inside another', async () => {
    const table = memoryTable<{ readonly id: number }>()
    const other = memoryTable<{ readonly id: number }>()
    await inTransaction(async (transaction) => {
      table.insert([row(1)], transaction)
      await transaction.savepoint(async () => {
        table.insert([row(2)], transaction)
        await transaction
          .savepoint(async () => {
            table.insert([row(3)], transaction)
            other.insert([row(3)], transaction)
            throw new Error('undo')
          })
          .catch(() => {})
        expect(table.rows(transaction)).to.deep.equal([row(1), row(2)])
      })
      const undone = transaction.savepoint(async () => {
        await transaction.savepoint(async () => table.insert([row(4)], transaction))
        throw new Error('undo the outer one')
      })
      await undone.catch(() => {})
    })
    expect(table.rows()).to.deep.equal([row(1), row(2)])
    expect(other.rows()).to.deep.equal([])
  })

  it('refuses a key that is there, committed or waiting, with the code of Postgres', async () => {
    const table = memoryTable<{ readonly id: number }>({ name: 'trade', key: ({ id }) => id })
    table.insert([row(1)])
    await inTransaction(async (transaction) => {
      table.insert([row(2)], transaction)
      for (const id of [1, 2]) {
        expect(() => table.insert([row(id)], transaction))
          .to.throw(`trade has a row with the key ${id} already`)
          .with.property('code', '23505')
      }
    })
    expect(table.rows()).to.deep.equal([row(1), row(2)])
  })

  it('lets one of two transactions commit that bring the same key', () => {
    const table = memoryTable<{ readonly id: number }>({ key: ({ id }) => id })
    const [one, other] = [beginMemoryTransaction(), beginMemoryTransaction()]
    table.insert([row(1, 'one')], one.transaction)
    table.insert([row(1, 'other')], other.transaction)
    one.check()
    one.commit()
    expect(() => other.check()).to.throw('already')
    other.rollBack()
    expect(table.rows()).to.deep.equal([row(1, 'one')])
  })

  it('puts a row in the place of the one with its key when it is to update', async () => {
    const table = memoryTable<{ readonly id: number }>({ key: ({ id }) => id, onConflict: 'update' })
    table.insert([row(1), row(2)])
    await inTransaction(async (transaction) => table.insert([row(1, 'new')], transaction))
    expect(table.rows()).to.deep.equal([row(1, 'new'), row(2)])
  })

  it('keeps a row as it was when it was inserted', () => {
    const table = memoryTable<{ id: number }>()
    const mine = { id: 1 }
    table.insert([mine])
    mine.id = 2
    expect(table.rows()).to.deep.equal([{ id: 1 }])
  })
})

async function inTransaction<R>(work: (transaction: Transaction) => Promise<R>): Promise<R> {
  const open = beginMemoryTransaction()
  try {
    const result = await work(open.transaction)
    open.check()
    open.commit()
    return result
  } catch (error) {
    open.rollBack()
    throw error
  }
}
