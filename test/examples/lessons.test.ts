import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { freePort } from '../cli/served.ts'
import { type Ended, type LessonProject, openLessonProject } from './lesson-project.ts'

describe('The lessons in examples/', function () {
  this.timeout(60_000)
  let project: LessonProject
  let folder: string

  before(async () => {
    project = await openLessonProject('lessons')
    folder = await mkdtemp(join(tmpdir(), 'batchwright-lessons-'))
  })

  after(async () => {
    await project.close()
    await rm(folder, { recursive: true, force: true })
  })

  const batchwright = (...args: readonly string[]): Ended => project.batchwright(...args)
  const rowOf = (sql: string): Promise<unknown> => project.rowOf(sql)

  it('begin with a database that has no tables yet: exit code 7 names the command that makes them', () => {
    const refused = batchwright('run', 'hello', 'name=Ada')
    expect(refused.code).to.equal(7)
    expect(refused.err).to.contain('batchwright db migrate')
    expect(batchwright('db', 'migrate').code).to.equal(0)
  })

  it('1: says hello once to each name', () => {
    expect(batchwright('run', 'hello', 'name=Ada').err).to.contain('Hello, Ada!')
    expect(batchwright('run', 'hello', 'name=Ada', 'shout=true').code).to.equal(4)
    expect(batchwright('run', 'hello', 'name=Grace', 'shout=true').err).to.contain('HELLO, GRACE!')
  })

  it('2: imports the bird strikes, sums them up, and is refused politely the second time', async () => {
    const parameters = ['file=examples/data/birdstrikes.csv', 'businessDate=2026-01-31']
    const first = batchwright('run', 'bird-strikes', ...parameters)
    expect(first.code, first.err).to.equal(0)
    expect(first.err).to.contain('$7,043,545  1998-02-24  Texas')
    expect(
      await rowOf(
        'select count(*)::int as rows, count(*) filter (where speed_knots is null)::int as unknown from bird_strike',
      ),
    ).to.deep.equal({
      rows: 10_000,
      unknown: 2_836,
    })
    const summary = (await readFile('out/bird-strikes-2026-01-31.csv', 'utf8')).trimEnd().split('\n').slice(1)
    expect(summary.reduce((sum, line) => sum + Number(line.split(',').at(-2)), 0)).to.equal(10_000)

    const second = batchwright('run', 'bird-strikes', ...parameters)
    expect(second.code).to.equal(4)
    const returned = batchwright('run', 'bird-strikes', ...parameters, '--on-existing', 'return')
    expect(returned.code).to.equal(0)
    expect(returned.out).to.contain('the work was done before')
  })

  it('2: doubles nothing for another business date', async () => {
    const { code } = batchwright(
      'run',
      'bird-strikes',
      'file=examples/data/birdstrikes.csv',
      'businessDate=2026-02-28',
      'chunkSize=333',
    )
    expect(code).to.equal(0)
    expect(
      await rowOf(
        'select count(*)::int as rows, count(distinct business_date)::int as dates from bird_strike',
      ),
    ).to.deep.equal({ rows: 20_000, dates: 2 })
  })

  it('3: kills itself, is restarted, and the sums agree', async () => {
    const killed = batchwright('run', 'crash-and-restart', 'day=2026-01-31')
    expect(killed.signal).to.equal('SIGKILL')
    expect(await rowOf('select count(*)::int as rows from strike_cost')).to.deep.equal({ rows: 5_500 })
    const restarted = batchwright('run', 'crash-and-restart', 'day=2026-01-31')
    expect(restarted.code, restarted.err).to.equal(0)
    expect(restarted.out).to.contain('committed 5,500 items')
    expect(restarted.err).to.contain('The sums agree')
  })

  it('4: takes rows from Postgres to CSV and back, equal byte for byte', async () => {
    const { code, err } = batchwright('run', 'round-trip', `folder=${folder}`)
    expect(code, err).to.equal(0)
    const [first, second] = await Promise.all(
      ['first.csv', 'second.csv'].map((name) => readFile(join(folder, name))),
    )
    expect(first?.length).to.be.greaterThan(300_000)
    expect(first?.equals(second ?? Buffer.alloc(0))).to.equal(true)
    expect(
      await rowOf(
        'select count(*)::int as different from round_trip_source s full join round_trip_copy c using (id) where s is distinct from c',
      ),
    ).to.deep.equal({ different: 0 })
  })

  it('6: ends early, decides, reports side by side, waits for a person, and goes on behind that', async () => {
    const nothing = batchwright('run', 'state-report', 'state=Atlantis')
    expect(nothing.code, nothing.err).to.equal(0)
    expect(nothing.out).to.contain('NOTHING TO REPORT')
    const waiting = batchwright('run', 'state-report', 'state=Texas')
    expect(waiting.code, waiting.err).to.equal(3)
    expect(waiting.err).to.contain('cost in Texas: $').and.contain('most often hit in Texas: ')
    expect(waiting.err).not.to.contain('published')
    const approved = batchwright('run', 'state-report', 'state=Texas')
    expect(approved.code, approved.err).to.equal(0)
    expect(approved.err).to.contain('published: Texas').and.not.contain('cost in Texas')
    const few = batchwright('run', 'state-report', 'state=Michigan')
    expect(few.err).to.contain('only a few strikes in Michigan').and.contain('published: Michigan')
    const { rows, states } = (await rowOf(
      'select count(*)::int as rows, count(distinct state)::int as states from state_strike',
    )) as Record<string, number>
    expect(states).to.equal(2)
    expect(rows).to.be.greaterThan(100)
  })

  it('5: loads all rows but the bad ones, and says which they are', async () => {
    const { code, err } = batchwright('run', 'bad-rows')
    expect(code, err).to.equal(0)
    expect(err).to.match(/not read: .*birdstrikes-spoilt\.csv.* line 18/)
    expect(err).to.match(/not read: .* line 42/)
    expect(err).to.contain('not processed: line 79, no bird was that fast')
    expect(err).to.contain('not written: line 152, DALLAS/FORT WORTH INTL ARPT on 1990-07-17')
    expect(await rowOf('select count(*)::int as rows from strike_report')).to.deep.equal({ rows: 194 })
    expect(
      await rowOf(
        `select read_count::int as read, read_skip_count::int as "readSkips", process_skip_count::int as "processSkips",
                write_skip_count::int as "writeSkips", write_count::int as written, commit_count::int as commits
           from batch_step_execution s join batch_job_execution using (job_execution_id)
           join batch_job_instance i using (job_instance_id) where i.job_name = 'bad-rows' and s.step_name = 'load'`,
      ),
    ).to.deep.equal({ read: 198, readSkips: 2, processSkips: 1, writeSkips: 3, written: 194, commits: 1 })
    const phases = await rowOf(
      "select string_agg(phase || ' ' || (position ->> 'line'), ', ' order by quarantine_id) as phases from batch_quarantine",
    )
    expect(phases).to.deep.equal({ phases: 'read 18, read 42, process 79, write 85, write 122, write 152' })
  })

  it('7: splits work among worker processes, which seal each account once, and show names them', async () => {
    const { code, err, out } = batchwright('run', 'partitions', 'day=2026-01-31', 'rounds=20', '--json')
    expect(code, err).to.equal(0)
    expect(
      await rowOf('select count(*)::int as seals, min(account), max(account) from account_seal'),
    ).to.deep.equal({
      seals: 4000,
      min: 1,
      max: 4000,
    })
    expect(await rowOf('select accounts, partitions from seal_total')).to.deep.equal({
      accounts: 4000,
      partitions: 8,
    })
    const { jobExecutionId } = JSON.parse(out) as { jobExecutionId: string }
    const shown = batchwright('show', jobExecutionId).out
    expect(shown).to.match(/^seal +COMPLETED +4,000 +4,000/m)
    for (let part = 1; part <= 8; part += 1)
      expect(shown).to.match(new RegExp(`^seal:part${part} +COMPLETED +\\S+ pid \\d+ +500 +500`, 'm'))
  })

  it('13: fires a job by the clock, here for two minutes of the past, and each of them once', async () => {
    const range = ['--from', '2026-01-31T02:00:00Z', '--to', '2026-01-31T02:01:00Z']
    const { code, err } = batchwright('schedules', 'backfill', 'heartbeat', ...range)
    expect(code, err).to.equal(0)
    expect(batchwright('schedules', 'backfill', 'heartbeat', ...range).err).to.contain('no slot to be fired')
    expect(await rowOf('select count(*)::int as minutes from heartbeat')).to.deep.equal({ minutes: 2 })
    expect(batchwright('schedules', 'next', '1').out).to.contain('heartbeat')
  })

  it('14: launches a job over HTTP, which goes on where it was when the server is ended and started again', async () => {
    const port = String(await freePort())
    const url = `http://127.0.0.1:${port}`
    const serve = async () => {
      const server = project.begin('serve', '--port', port)
      for await (const text of server.stderr ?? []) if (String(text).includes('serving ')) return server
      throw new Error('the server has ended')
    }
    const count = 'select count(*)::int as letters from letter'
    const underWay = `select from batch_job_execution join batch_job_instance using (job_instance_id)
      where job_name = 'letters' and status = 'STARTED'`
    const first = await serve()
    const launched = batchwright('launch', 'letters', 'day=2026-01-31', '--server', url)
    expect(launched.code, launched.err).to.equal(0)
    expect(launched.out).to.match(/^Execution \d+ of job letters \(instance \d+\): STARTING on http/)
    // By this process: until a command of its own has looked, the job may have come to its end.
    while ((await rowOf(underWay)) === undefined);
    first.kill('SIGTERM')
    expect((await once(first, 'exit'))[0]).to.equal(0)

    const second = await serve()
    const again = ['launch', 'letters', 'day=2026-01-31', '--on-existing', 'return', '--wait', '60s']
    const ended = batchwright(...again, '--server', url)
    expect(ended.code, ended.err).to.equal(0)
    expect(ended.out).to.contain('COMPLETED')
    expect(await rowOf(count)).to.deep.equal({ letters: 200 })
    expect(batchwright('list', '--job', 'letters').out).to.contain('STOPPED')
    second.kill('SIGTERM')
    expect((await once(second, 'exit'))[0]).to.equal(0)
  })

  it('8: tests a job with Node’s test runner, and kills it anywhere', () => {
    const script = ['--test', '--test-reporter=tap', 'dist/examples/08-test-your-job.js']
    const { status, stdout } = spawnSync(process.execPath, script, { encoding: 'utf8' })
    expect(status, stdout).to.equal(0)
    expect(stdout).to.match(/^# pass 5$/m)
  })
})
