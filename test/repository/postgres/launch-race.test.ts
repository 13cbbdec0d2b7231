import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'
import type { RaceAnswers, RaceOrder } from './racing-launcher.ts'

/** `.ci/run` asks for a thousand. */
const LAUNCHES = Number(process.env['BATCHWRIGHT_TEST_LAUNCHES'] ?? 200)
const FRESH = LAUNCHES / 2
const REPETITIONS = LAUNCHES / 2

describe(`Two processes that launch the same instances ${LAUNCHES} times`, () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })

  after(() => database.close())

  async function run(order: RaceOrder): Promise<RaceAnswers> {
    const child = fork(new URL('./racing-launcher.js', import.meta.url))
    child.send(order)
    const [answers] = (await once(child, 'message')) as [RaceAnswers]
    await once(child, 'exit')
    return answers
  }

  it('never have two live executions, even without the index that forbids them', async () => {
    const { connection, schema, pool } = database
    await pool.query(`drop index ${schema}.batch_job_execution_one_live`)
    const freshKeys = Array.from({ length: FRESH }, (_, index) => `fresh-${index}`)
    const order = { connection, schema, freshKeys, sharedKey: 'shared', repetitions: REPETITIONS }
    const answers = await Promise.all([run(order), run(order)])
    const sum = (answer: string): number => answers.reduce((total, one) => total + (one[answer] ?? 0), 0)

    const known = [
      'fresh started',
      'fresh JOB_EXECUTION_ALREADY_RUNNING',
      'shared started',
      'shared restarted',
    ]
    expect([...known, 'shared JOB_EXECUTION_ALREADY_RUNNING']).to.include.members(
      answers.flatMap((one) => Object.keys(one)),
    )
    expect(sum('fresh started')).to.equal(FRESH)
    expect(sum('fresh JOB_EXECUTION_ALREADY_RUNNING')).to.equal(FRESH)
    expect(sum('shared started')).to.equal(1)
    const { rows } = await pool.query<{ executions: number; live: number }>(
      `select count(*)::int as executions, count(*) filter (where status = 'STARTING')::int as live
        from ${schema}.batch_job_execution`,
    )
    expect(rows[0]).to.deep.equal({ executions: FRESH + sum('shared restarted') + 1, live: FRESH })
    const { rows: instances } = await pool.query(`select 1 from ${schema}.batch_job_instance`)
    expect(instances.length).to.equal(FRESH + 1)
    expect(await overlaps()).to.equal(0)
  })

  /** Pairs of executions of one instance of which the later was made before the earlier had ended. */
  async function overlaps(): Promise<number> {
    const { rows } = await database.pool.query<{ pairs: number }>(
      `select count(*)::int as pairs from (
        select end_time, lead(create_time) over (partition by job_instance_id order by job_execution_id) as next
          from ${database.schema}.batch_job_execution) e where next < coalesce(end_time, 'infinity')`,
    )
    return rows[0]?.pairs ?? -1
  }
})
