import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { createBatch, type Batch } from '../../src/create-batch.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { raced, type RaceOrder, ROWS } from './racing-operator.ts'

const ROUNDS = 8

describe('Two processes that operate on one execution at once', () => {
  let database: TestDatabase
  let batch: Batch
  let left: ChildProcess
  let right: ChildProcess
  let names = 0

  before(async () => {
    database = await testDatabase()
    const { connection, schema } = database
    await database.pool.query(`create table ${schema}.raced (name text, id integer)`)
    batch = createBatch({
      repository: await postgresRepository({ connection, schema }),
      jobs: [raced],
      logger: pino({ level: 'silent' }),
    })
    const script = new URL('./racing-operator.js', import.meta.url)
    left = fork(script)
    right = fork(script)
    const setting = { connection, schema }
    await Promise.all([left, right].map((child) => ask(child, { type: 'open', setting })))
  })

  after(async () => {
    for (const child of [left, right]) child.disconnect()
    await batch.close()
    await database.close()
  })

  async function ask(child: ChildProcess, order: RaceOrder): Promise<string> {
    const answer = once(child, 'message')
    child.send(order)
    return ((await answer) as [string])[0]
  }

  function newName(): string {
    names += 1
    return `race-${names}`
  }

  async function latest() {
    const [execution] = await batch.operator.listJobExecutions({ limit: 1 })
    return batch.operator.findJobExecution(execution?.id ?? '')
  }

  /** An instance whose first execution has FAILED with all rows written. */
  async function failed(name: string): Promise<string> {
    expect(await ask(left, { type: 'run', name, fails: true })).to.equal('FAILED')
    return (await latest()).id
  }

  /** Started in the left process; answers when it is at work, so that the right one can meddle. */
  async function atWork(name: string): Promise<{ readonly id: string; readonly ended: Promise<string> }> {
    const before = (await batch.operator.listJobExecutions({ limit: 1 }))[0]?.id
    const ended = ask(left, { type: 'run', name, fails: false })
    for (;;) {
      const [execution] = await batch.operator.listJobExecutions({ limit: 1 })
      if (execution !== undefined && execution.id !== before) return { id: execution.id, ended }
      await sleep(1)
    }
  }

  async function rowsOf(name: string): Promise<readonly number[]> {
    const { rows } = await database.pool.query<{ id: number }>(
      `select id from ${database.schema}.raced where name = $1 order by id`,
      [name],
    )
    return rows.map(({ id }) => id)
  }

  const ALL = Array.from({ length: ROWS }, (_, index) => index)

  it('restart and restart: one runs, the other is told that it runs', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = newName()
      const id = await failed(name)
      const answers = await Promise.all([left, right].map((child) => ask(child, { type: 'restart', id })))
      expect(answers.filter((one) => one === 'COMPLETED').length, String(answers)).to.equal(1)
      const others = ['JOB_EXECUTION_ALREADY_RUNNING', 'JOB_INSTANCE_ALREADY_COMPLETE']
      expect(answers.filter((one) => others.includes(one)).length, String(answers)).to.equal(1)
      expect(await rowsOf(name)).to.deep.equal(ALL)
    }
  })

  it('abandon and restart: one of the two happens, and the other is refused', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const id = await failed(newName())
      const [abandoned, restarted] = await Promise.all([
        ask(left, { type: 'abandon', id }),
        ask(right, { type: 'restart', id }),
      ])
      expect([
        ['ABANDONED', 'JOB_RESTART_REFUSED'],
        ['ABANDON_REFUSED', 'COMPLETED'],
      ]).to.deep.include([abandoned, restarted])
      expect((await latest()).status).to.equal(abandoned === 'ABANDONED' ? 'ABANDONED' : 'COMPLETED')
    }
  })

  it('stop and finish: it ends as COMPLETED or STOPPED, and is never left STOPPING', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = newName()
      const { id, ended } = await atWork(name)
      await sleep(Math.random() * 120)
      const [end, stopped] = await Promise.all([ended, ask(right, { type: 'stop', id })])
      const { status, endTime, stepExecutions } = await batch.operator.findJobExecution(id)
      expect(['COMPLETED', 'STOPPED'], `${end} ${stopped}`).to.include(status)
      expect(status).to.equal(end)
      expect(endTime).to.be.instanceOf(Date)
      expect(stepExecutions.every(({ endTime: at }) => at !== null)).to.equal(true)
      if (status === 'STOPPED') expect(await ask(right, { type: 'restart', id })).to.equal('COMPLETED')
      expect(await rowsOf(name)).to.deep.equal(ALL)
    }
  })

  it('recover and commit: whoever it was taken from commits nothing more, and a restart writes the rest once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const name = newName()
      const { id, ended } = await atWork(name)
      await sleep(Math.random() * 80)
      const recovered = await ask(right, { type: 'recover', id })
      const rows = await rowsOf(name)
      const end = await ended
      expect(
        await rowsOf(name),
        `nothing is written after the recovery (${recovered}, ${end})`,
      ).to.deep.equal(rows)
      if (recovered === 'COMPLETED') continue
      expect(recovered).to.equal('FAILED')
      const { stepExecutions } = await batch.operator.findJobExecution(id)
      const written = stepExecutions.reduce((sum, { writeCount }) => sum + writeCount, 0)
      expect(written, 'the counts are those of the rows').to.equal(rows.length)
      expect(await ask(left, { type: 'restart', id })).to.equal('COMPLETED')
      expect(await rowsOf(name)).to.deep.equal(ALL)
    }
  })

  it('next and next: each has a number of its own, and none is left out', async () => {
    const numbers: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const answers = await Promise.all([left, right].map((child) => ask(child, { type: 'next' })))
      numbers.push(...answers.map(Number))
    }
    expect(numbers.toSorted((one, other) => one - other)).to.deep.equal(
      Array.from({ length: 2 * ROUNDS }, (_, index) => index + 1),
    )
  })
})
