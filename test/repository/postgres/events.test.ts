import { expect } from 'chai'
import type { PoolClient } from 'pg'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import { jobEnd, launchJob } from './running-job.ts'

describe('Events in Postgres', () => {
  let database: TestDatabase
  let repository: JobRepository

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
  })

  after(async () => {
    await repository.close()
    await database.close()
  })

  /** An event of its own in a transaction that stays open. */
  async function openTransaction(detail: string): Promise<PoolClient> {
    const client = await database.pool.connect()
    await client.query('begin')
    await insertEvent(client, detail)
    return client
  }

  async function insertEvent(client: Pick<PoolClient, 'query'>, detail: string): Promise<void> {
    await client.query(
      `insert into ${database.schema}.batch_event (event_type, schedule_name, first_slot, last_slot, slots, detail)
        values ('schedule.missed', 'nightly', now(), now(), 1, $1)`,
      [detail],
    )
  }

  async function end(client: PoolClient, how: 'commit' | 'rollback'): Promise<void> {
    await client.query(how)
    client.release()
  }

  function follow(from: string, limit?: number): () => Promise<readonly string[]> {
    let cursor = from
    return async () => {
      const look = await repository.events.look(cursor, limit)
      cursor = look.cursor
      expect(look.startedAnew).to.equal(false)
      return look.events.map((event) => ('detail' in event ? event.detail : event.type))
    }
  }

  it('are met once each where transactions commit in another order than they began', async () => {
    const look = follow((await repository.events.look()).cursor)
    const first = await openTransaction('began first')
    const second = await openTransaction('began second')
    expect(await look()).to.deep.equal([])
    await end(second, 'commit')
    await insertEvent(database.pool, 'between')
    expect(await look()).to.deep.equal(['began second', 'between'])
    expect(await look()).to.deep.equal([])
    const gone = await openTransaction('rolled back')
    await end(gone, 'rollback')
    await insertEvent(first, 'and again')
    await end(first, 'commit')
    expect(await look()).to.deep.equal(['began first', 'and again'])
    expect(await look()).to.deep.equal([])
  })

  it('of a transaction that was open at the first look already are not lost', async () => {
    const long = await openTransaction('of a long transaction')
    const look = follow((await repository.events.look()).cursor)
    await end(long, 'commit')
    expect(await look()).to.deep.equal(['of a long transaction'])
  })

  it('that come between two pages, or are committed between them with a smaller id, belong to a later look', async () => {
    const late = await openTransaction('small id, late commit')
    const look = follow((await repository.events.look()).cursor, 2)
    for (const detail of ['1', '2', '3']) await insertEvent(database.pool, detail)
    expect(await look()).to.deep.equal(['1', '2'])
    await end(late, 'commit')
    await insertEvent(database.pool, '4')
    expect(await look()).to.deep.equal(['3'])
    expect(await look()).to.deep.equal(['small id, late commit', '4'])
  })

  it('written in savepoints belong to their transaction', async () => {
    const look = follow((await repository.events.look()).cursor)
    const client = await openTransaction('outside')
    await client.query('savepoint one')
    await insertEvent(client, 'in a savepoint that stays')
    await client.query('savepoint two')
    await insertEvent(client, 'in a savepoint that goes')
    await client.query('rollback to savepoint two')
    expect(await look()).to.deep.equal([])
    await end(client, 'commit')
    expect(await look()).to.deep.equal(['outside', 'in a savepoint that stays'])
  })

  it('are each met once by a follower, whatever many writers do at the same time', async () => {
    const written: string[] = []
    const look = follow((await repository.events.look()).cursor, 7)
    let areWriting = true
    const writer = async (name: number): Promise<void> => {
      for (let turn = 0; turn < 25; turn += 1) {
        const client = await openTransaction(`${name}.${turn}.a`)
        await insertEvent(client, `${name}.${turn}.b`)
        const isKept = (name + turn) % 4 !== 0
        await end(client, isKept ? 'commit' : 'rollback')
        if (isKept) written.push(`${name}.${turn}.a`, `${name}.${turn}.b`)
      }
    }
    const writing = Promise.all([1, 2, 3, 4].map(writer)).finally(() => {
      areWriting = false
    })
    const seen: string[] = []
    while (areWriting) seen.push(...(await look()))
    await writing
    for (let news = await look(); news.length > 0; news = await look()) seen.push(...news)
    expect(seen.length).to.equal(written.length)
    expect(seen.toSorted()).to.deep.equal(written.toSorted())
  })

  it('a cursor from the future, or of another server, begins anew', async () => {
    const { cursor } = await repository.events.look()
    const [server = '', snapshot = ''] = cursor.split('/')
    const [xmin, xmax] = snapshot.split(':').map(Number) as [number, number]
    const future = `${server}/${xmin}:${xmax + 1_000_000}:`
    const elsewhere = `${BigInt(server) - 1n}/${snapshot}`
    for (const one of [future, elsewhere]) {
      const look = await repository.events.look(one)
      expect(look).to.deep.include({ events: [], startedAnew: true })
    }
  })

  it('looks read what is new and nothing else, however many events there are, and however long a transaction is open', async () => {
    const long = await openTransaction('of a long transaction')
    await database.pool.query(
      `do $$ begin
        for n in 1 .. 5000 loop
          insert into ${database.schema}.batch_event (event_type, schedule_name, first_slot, last_slot, slots, detail)
            values ('schedule.missed', 'nightly', now(), now(), 1, 'old');
          commit;
        end loop;
      end $$`,
    )
    await database.pool.query(`analyze ${database.schema}.batch_event`)
    await repository.webhooks.register(['ops'])
    await reopen()
    const before = await eventsRead()
    const { cursor } = await repository.events.look()
    expect(await repository.webhooks.withNews(['ops'])).to.deep.equal([])
    await insertEvent(database.pool, 'new')
    for (let turn = 0; turn < 10; turn += 1) {
      expect((await repository.events.look(cursor)).events.length).to.equal(1)
      expect(await repository.webhooks.withNews(['ops'])).to.deep.equal(['ops'])
    }
    await reopen()
    expect((await eventsRead()) - before).to.be.lessThan(500)
    await end(long, 'commit')
    expect(await follow(cursor)()).to.deep.equal(['of a long transaction', 'new'])
  })

  /** The server tells its statistics at the latest when the sessions have ended. */
  async function reopen(): Promise<void> {
    await repository.close()
    await new Promise((resolve) => setTimeout(resolve, 300))
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
  }

  async function eventsRead(): Promise<number> {
    const { rows } = await database.pool.query<{ read: string }>(
      `select t.seq_tup_read + (select sum(i.idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid) as read
        from pg_stat_user_tables t where t.schemaname = $1 and t.relname = 'batch_event'`,
      [database.schema],
    )
    return Number(rows[0]?.read)
  }

  it('an end that is refused leaves no event', async () => {
    const { claim } = await launchJob(repository)
    await repository.startJobExecution(claim)
    const look = follow((await repository.events.look()).cursor)
    const stranger = { ...claim, generation: '99' }
    const refused = await repository
      .endJobExecution(stranger, jobEnd('COMPLETED'))
      .catch((error: unknown) => error)
    expect(refused).to.include({ code: 'LEASE_LOST' })
    expect(await look()).to.deep.equal([])
    await repository.endJobExecution(claim, jobEnd('COMPLETED'))
    expect(await look()).to.deep.equal(['execution.completed'])
  })
})
