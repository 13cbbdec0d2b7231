import { expect } from 'chai'
import { pgClient } from '../../../src/postgres/resources.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { Rehearsal } from '../../../src/core/ports/step-session.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { testDatabase, type TestDatabase } from '../../embedded-postgres.ts'

describe('A rehearsal in Postgres', () => {
  let database: TestDatabase
  let repository: JobRepository
  let table: string

  before(async () => {
    database = await testDatabase()
    const { connection, schema, pool } = database
    table = `${schema}.tried`
    await pool.query(
      `create table ${table} (id int primary key, twin int unique deferrable initially deferred)`,
    )
    repository = await postgresRepository({ connection, schema, poolSize: 2 })
  })
  after(async () => {
    await repository.close()
    await database.close()
  })

  const open = async (): Promise<Rehearsal> => {
    if (repository.openRehearsal === undefined) throw new Error('it cannot rehearse')
    return repository.openRehearsal()
  }
  const count = async () => (await database.pool.query(`select count(*)::int as n from ${table}`)).rows
  const insert = ({ transaction }: Rehearsal, id: number, twin = id) =>
    transaction.savepoint(async () => {
      await pgClient(transaction).query(`insert into ${table} values (${id}, ${twin})`)
    })
  const codeOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code,
    )

  it('sees what it has written before, and leaves nothing', async () => {
    const rehearsal = await open()
    await insert(rehearsal, 1)
    expect(await codeOf(insert(rehearsal, 1))).to.equal('23505')
    await insert(rehearsal, 2)
    const { rows } = await pgClient(rehearsal.transaction).query(`select id from ${table} order by id`)
    expect(rows).to.deep.equal([{ id: 1 }, { id: 2 }])
    await rehearsal.close()
    expect(await count()).to.deep.equal([{ n: 0 }])
  })

  it('finds what is checked at a commit only', async () => {
    const rehearsal = await open()
    await insert(rehearsal, 1, 7)
    expect(await codeOf(insert(rehearsal, 2, 7))).to.equal('23505')
    await rehearsal.close()
  })

  it('begins no transaction where nothing is written', async () => {
    const rehearsal = await open()
    await rehearsal.close()
    expect(await count()).to.deep.equal([{ n: 0 }])
  })

  it('refuses the connection once it is closed, and gives it back clean', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const rehearsal = await open()
      await insert(rehearsal, turn)
      const client = pgClient(rehearsal.transaction)
      await rehearsal.close()
      expect(() => client.query('select 1')).to.throw('the transaction is over')
    }
    expect(await count()).to.deep.equal([{ n: 0 }])
  })

  it('survives a connection that is lost, and so does the pool', async () => {
    const rehearsal = await open()
    await insert(rehearsal, 1)
    const { rows } = await pgClient(rehearsal.transaction).query<{ pid: number }>(
      'select pg_backend_pid() as pid',
    )
    await database.pool.query('select pg_terminate_backend($1, 5000)', [rows[0]?.pid])
    expect(await codeOf(insert(rehearsal, 2))).to.equal('REPOSITORY_UNAVAILABLE')
    await rehearsal.close()
    const next = await open()
    await insert(next, 1)
    await next.close()
    expect(await count()).to.deep.equal([{ n: 0 }])
  })
})
