import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { command, type CommandEnd, environmentOf, jsonOf, startCommand } from '../cli/command.ts'
import { commandHere } from '../cli/command-here.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'

const JOBS = resolve('test/cli/fixtures/trades.ts')
/** Every tenth costs less than nothing, every tenth is no number, every tenth too much for the table. */
const ROWS = 40

describe('A load with bad rows', () => {
  let database: TestDatabase
  let folder: string
  let file: string
  let table: string

  before(async () => {
    database = await testDatabase()
    folder = await mkdtemp(join(tmpdir(), 'batchwright-redrive-'))
    file = join(folder, 'trades.csv')
    const prices = ['1', '2', '-3', '4', 'n/a5', '6', '7', '9000', '9', '10']
    const lines = Array.from({ length: ROWS }, (_, id) => `${id},${prices[id % 10]}`)
    await writeFile(file, `id,price\n${lines.join('\n')}\n`)
  })

  after(async () => {
    await database.close()
    await rm(folder, { recursive: true, force: true })
  })

  beforeEach(async () => {
    table = `${database.schema}.trade_${Math.random().toString(36).slice(2)}`
    // No key on purpose: a row that is written twice must show.
    await database.pool.query(
      `create table ${table} (id int, amount numeric constraint cheap check (amount < 1000))`,
    )
  })

  const batchwright = (
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<CommandEnd> =>
    command([...args, '--jobs', JOBS], { environment: { ...environmentOf(database), ...more } })

  const looked = (...args: readonly string[]): Promise<CommandEnd> =>
    commandHere([...args, '--jobs', JOBS], { environment: environmentOf(database) })

  async function ids(): Promise<readonly number[]> {
    const { rows } = await database.pool.query<{ id: number }>(`select id from ${table} order by id`)
    return rows.map(({ id }) => id)
  }

  async function loaded(...more: string[]): Promise<string> {
    const run = await batchwright(['run', 'load-trades', `file=${file}`, `table=${table}`, ...more, '--json'])
    expect(run.exitCode, run.stderr).to.equal(0)
    const execution = jsonOf(run)
    const [step] = execution['stepExecutions'] as Record<string, unknown>[]
    expect(step).to.deep.include({
      readCount: 36,
      writeCount: 28,
      processSkipCount: 4,
      writeSkipCount: 4,
      readSkipCount: 4,
    })
    expect(step?.['reconciliation']).to.deep.include({ isBalanced: true })
    expect((await ids()).length).to.equal(28)
    return String(execution['jobExecutionId'])
  }

  const mend = () => database.pool.query(`alter table ${table} drop constraint cheap`)
  const all = Array.from({ length: ROWS }, (_, id) => id)

  it('is listed, shown, mended and redriven, and then complete', async () => {
    const origin = await loaded()
    const listed = await looked('quarantine', 'list', '--execution', origin)
    expect(listed.stdout.trimEnd().split('\n').length).to.equal(1 + 12)
    expect(listed.stdout).to.match(
      /load +process +\S*trades\.csv line 4 +RangeError +trade 2 costs less than nothing/,
    )
    expect(listed.stdout).to.match(/load +write .* 23514 /)
    expect(listed.stdout).to.match(/load +read +\S*trades\.csv line 6 +READ_FAILED/)
    const [read] = (
      await looked('quarantine', 'list', '--phase', 'read', '--limit', '1', '--json')
    ).stdout.split('\n')
    const { quarantineId, payload } = JSON.parse(read ?? '') as { quarantineId: string; payload: unknown }
    expect(payload).to.deep.equal({ kind: 'raw', text: '34,n/a5' })
    const shown = await looked('quarantine', 'show', quarantineId)
    expect(shown.stdout).to.contain('the record as it stands in the source:\n  34,n/a5')

    const planned = await batchwright(['quarantine', 'redrive', origin, '--dry-run'])
    expect(planned.stdout).to.match(/load +write +4 +yes/)
    expect(await ids(), 'a plan changes nothing').to.have.lengthOf(28)

    await mend()
    const redriven = await batchwright(['quarantine', 'redrive', origin, '--json'], { MENDED: '1' })
    expect(redriven.exitCode, redriven.stderr).to.equal(0)
    const [step] = jsonOf(redriven)['stepExecutions'] as Record<string, unknown>[]
    expect(step).to.deep.include({ readCount: 12, writeCount: 12, processSkipCount: 0, readSkipCount: 0 })
    expect(await ids()).to.deep.equal(all)

    const redriveId = String(jsonOf(redriven)['jobExecutionId'])
    expect((await looked('show', origin)).stdout).to.contain(
      `execution ${redriveId} redrives 12 items of it: COMPLETED`,
    )
    expect((await looked('show', redriveId)).stdout).to.contain(`redrives 12 items of execution ${origin}`)
    const again = await batchwright(['quarantine', 'redrive', origin])
    expect(again.exitCode).to.equal(4)
    expect(again.stderr).to.contain('No item of it waits in the quarantine')
    const open = await looked('quarantine', 'list', '--execution', origin)
    expect(open.stderr).to.contain('no quarantined items')
  })

  it('keeps in the quarantine what fails again, and redrives a whole job', async () => {
    const origin = await loaded()
    await mend()
    const half = await batchwright(['quarantine', 'redrive', '--job', 'load-trades', '--json'])
    expect(half.exitCode, half.stderr).to.equal(0)
    const redriveId = String(jsonOf(half)['jobExecutionId'])
    expect(await ids()).to.have.lengthOf(32)
    const shown = await looked('show', redriveId)
    expect(shown.stdout).to.contain('quarantine: 8 waiting')
    const rest = await batchwright(['quarantine', 'redrive', '--job', 'load-trades', '--json'], {
      MENDED: '1',
    })
    expect(rest.exitCode, rest.stderr).to.equal(0)
    expect(await ids()).to.deep.equal(all)
    expect((await looked('show', origin)).stdout).to.contain('12 redriven')
  })

  it('whose redrive is killed is restarted, and has every row once', async () => {
    const origin = await loaded('pause=30')
    await mend()
    const environment = { ...environmentOf(database), MENDED: '1' }
    const killed = startCommand(['quarantine', 'redrive', origin, '--jobs', JOBS], { environment })
    // Some chunks are committed by then, and never all.
    await killed.said('redrives 12 items')
    while ((await ids()).length < 32) await sleep(2)
    killed.kill('SIGKILL')
    await killed.ended
    const { rows } = await database.pool.query<{ id: string }>(
      `select max(job_execution_id)::text as id from ${database.schema}.batch_job_execution`,
    )
    const redriveId = rows[0]?.id ?? ''
    const held = await batchwright(['quarantine', 'redrive', origin], { MENDED: '1' })
    const restarted = await batchwright(['restart', redriveId, '--json'], { MENDED: '1' })
    expect(restarted.exitCode, restarted.stderr).to.equal(0)
    expect(held.exitCode).to.equal(4)
    expect(held.stderr).to.contain(`execution ${redriveId} redrives them`)
    expect(await ids()).to.deep.equal(all)
    const { rows: counts } = await database.pool.query<{ written: number; left: number }>(
      `select (select sum(write_count)::int from ${database.schema}.batch_step_execution s
          join ${database.schema}.batch_job_execution e using (job_execution_id)
          where e.job_instance_id = (select job_instance_id from ${database.schema}.batch_job_execution where job_execution_id = $1)) as written,
        (select count(*)::int from ${database.schema}.batch_quarantine where job_execution_id = $2 and redriven_at is null) as left`,
      [redriveId, origin],
    )
    expect(counts[0]).to.deep.equal({ written: 12, left: 0 })
  })
})
