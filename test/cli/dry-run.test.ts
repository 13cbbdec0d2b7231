import { readdir, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { RehearsedStep } from '../../src/core/operator/dry-run/dry-run-report.ts'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { command, environmentOf, FIXTURES, IN_MEMORY, JOBS, jsonOf, startCommand } from './command.ts'

describe('batchwright run --dry-run', function () {
  this.timeout(30_000)
  const folder = temporaryFolder()
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
    const { pool, schema } = database
    await pool.query(`create table ${schema}.trade (id int primary key, isin text, quantity int check (quantity < 1000),
      unique (isin, quantity) deferrable initially deferred)`)
    await pool.query(`insert into ${schema}.trade values (7, 'OLD7', 7)`)
  })
  after(() => database.close())

  const dry = async (lines: readonly string[], ...options: readonly string[]) => {
    await writeFile(folder.path('trades.csv'), ['id,isin,quantity', ...lines, ''].join('\n'))
    const { schema } = database
    const parameters = [
      `schema=${schema}`,
      `file=${folder.path('trades.csv')}`,
      `copy=${folder.path('copy.csv')}`,
    ]
    const jobs = ['--jobs', `${FIXTURES}/rehearsed-jobs.ts`]
    return command(['run', 'trades', ...parameters, ...jobs, '--dry-run', ...options], {
      environment: environmentOf(database),
    })
  }
  const rowsOf = async (sql: string) => (await database.pool.query(sql)).rows as readonly unknown[]

  it('finds every record, item and row that would fail, and leaves no trace', async () => {
    const ended = await dry(
      [
        '1,AAAA,10',
        '2,BBBB,0',
        '3,TOOLONG,1',
        '4,FAIL,1',
        '5,CCCC,5000',
        '6,DDDD,6',
        '7,EEEE,7',
        '8,DDDD,6',
        '1,FFFF,8',
        '9,GGGG,9',
      ],
      '--json',
    )
    expect(ended.exitCode, ended.stderr).to.equal(1)
    const report = jsonOf(ended)
    const [note, load, again] = report['steps'] as readonly RehearsedStep[]
    expect(note).to.deep.include({ kind: 'not run', name: 'note' })
    expect(load).to.deep.include({ ended: 'complete', readCount: 9, filterCount: 1, failedCount: 6 })
    expect(
      load?.failures.map(({ phase, error, count, positions }) => [
        phase,
        error,
        count,
        positions.map((one) => one.replace(/.* line /, '')).join(),
      ]),
    ).to.have.deep.members([
      ['write', '23505', 3, '8,9,10'],
      ['write', '23514', 1, '6'],
      ['process', 'RangeError', 1, '5'],
      ['read', 'READ_FAILED', 1, '4'],
    ])
    expect(load?.writes.map(({ what }) => what)).to.deep.equal(['rolled back', 'not opened'])
    expect(again).to.deep.include({ ended: 'complete', readCount: 1, failedCount: 0 })
    expect(report).to.deep.include({ jobName: 'trades', sample: null, wouldFail: true, processExitCode: 1 })
    const { schema } = database
    expect(await rowsOf(`select id from ${schema}.trade`)).to.deep.equal([{ id: 7 }])
    const tables = ['batch_job_instance', 'batch_job_execution', 'batch_step_execution']
    for (const table of tables) expect(await rowsOf(`select * from ${schema}.${table}`)).to.deep.equal([])
    expect(await rowsOf(`select is_called from ${schema}.batch_job_execution_seq`)).to.deep.equal([
      { is_called: false },
    ])
    expect(await readdir(folder.path('.'))).to.deep.equal(['trades.csv'])
  })

  it('ends with 0 where nothing would fail, and says what was not tried', async () => {
    const ended = await dry(['1,AAAA,10', '2,BBBB,20'])
    expect(ended.exitCode, ended.stdout).to.equal(0)
    expect(ended.stdout).to.match(
      /^Dry run of job trades, all records: nothing was recorded, nothing was kept\n/,
    )
    expect(ended.stdout).to.include('1. note: not run; a tasklet may do anything')
    expect(ended.stdout).to.match(/2\. load: 2 read, 2 processed, 0 failed in .*, to the end\n/)
    expect(ended.stdout).to.match(/ {5}isin +string +4 +"AAAA", "BBBB"\n/)
    expect(ended.stdout).to.match(
      /Nothing would fail of what was tried; not tried: step note, the writes of load, the writes of again\.\n$/,
    )
  })

  it('reads only the sample, and estimates the rest', async () => {
    const lines = Array.from(
      { length: 1000 },
      (_, id) => `${id + 1000},${id === 3 ? 'FAIL' : 'AAAA'},${(id % 800) + 100}`,
    )
    const ended = await dry(lines, '--sample', '50')
    expect(ended.exitCode).to.equal(1)
    expect(ended.stdout).to.include('the first 50 records of each reader')
    expect(ended.stdout).to.match(/2\. load: 50 read, 49 processed, 1 failed in .* to the end of the sample/)
    expect(ended.stdout).to.match(/whole input: about (1\.0k|99\d) items, about .*, 2% would fail/)
    expect(ended.stdout).to.match(/process +RangeError +1 +.*trades\.csv line 5 +this ISIN is suspended/)
  })

  it('refuses a sample without a dry run, and one of nothing', async () => {
    const sampled = await command(['run', 'count', 'to=5', '--jobs', JOBS, ...IN_MEMORY, '--sample', '5'])
    expect([sampled.exitCode, sampled.stderr]).to.deep.equal([
      2,
      sampled.stderr.includes('--sample goes with --dry-run only') ? sampled.stderr : '',
    ])
    const none = await command([
      'run',
      'count',
      'to=5',
      '--jobs',
      JOBS,
      ...IN_MEMORY,
      '--dry-run',
      '--sample',
      '0',
    ])
    expect(none.exitCode).to.equal(2)
  })

  it("takes the caller's mistakes for what they are", async () => {
    const mistake = await command(['run', 'count', 'to=none', '--jobs', JOBS, ...IN_MEMORY, '--dry-run'])
    expect(mistake.exitCode).to.equal(2)
  })

  it('reports what it has seen when it is stopped', async () => {
    const slow = ['run', 'count', 'to=100000', 'pause=20', '--jobs', JOBS, ...IN_MEMORY, '--dry-run']
    const running = startCommand([...slow, '--json'])
    await running.said('step load')
    running.kill('SIGTERM')
    const ended = await running.ended
    expect(ended.exitCode, ended.stdout).to.equal(3)
    const [load, report] = jsonOf(ended)['steps'] as readonly RehearsedStep[]
    expect(load?.ended).to.equal('stopped')
    expect(report?.kind).to.equal('not run')
  })
})
