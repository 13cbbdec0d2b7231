import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { command, environmentOf, FIXTURES, jsonOf, startCommand } from './command.ts'
import { commandHere } from './command-here.ts'

const SCHEDULES = ['--jobs', resolve(FIXTURES, 'schedules.ts')]

describe('The commands for schedules', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
  })
  after(() => database.close())

  /** Those that only look, or only write to the ledger. */
  const schedules = (...args: string[]) => commandHere(['schedules', ...args, ...SCHEDULES], { environment })
  /** Those that run jobs. */
  const fire = (...args: string[]) => command(['schedules', ...args, ...SCHEDULES], { environment })

  function linesOf(text: string): readonly Record<string, unknown>[] {
    const lines = text.trim().split('\n')
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
  }

  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await sleep(50)
  }

  it('show the next slots by the clock of the zone', async () => {
    const { exitCode, stdout } = await schedules('next', '3', '--schedule', 'daily-report', '--json')
    expect(exitCode).to.equal(0)
    const slots = linesOf(stdout)
    expect(slots).to.have.lengthOf(3)
    for (const { schedule, localTime } of slots) {
      expect(schedule).to.equal('daily-report')
      expect(localTime).to.match(/^\d{4}-\d\d-\d\d 02:30:00$/)
    }
  })

  it('list the schedules, and warn of nothing', async () => {
    const { exitCode, stdout } = await schedules()
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/daily-report +report +30 2 \* \* \* America\/New_York +\d{4}-/)
  })

  it('refuse a name that there is not, with 2', async () => {
    const { exitCode, stderr } = await schedules('pause', 'dayly-report')
    expect(exitCode).to.equal(2)
    expect(stderr).to.contain('Did you mean daily-report?')
  })

  it('pause with a note and resume', async () => {
    expect((await schedules('pause', 'daily-report', '--note', 'the fair')).exitCode).to.equal(0)
    const shown = linesOf((await schedules('--json')).stdout).find(
      (one) => one['schedule'] === 'daily-report',
    )
    expect(shown?.['paused']).to.have.property('note', 'the fair')
    expect((await schedules()).stdout).to.match(/paused since .* by \S+@\S+ pid \d+: the fair/)
    expect((await schedules('resume', 'daily-report')).exitCode).to.equal(0)
    expect((await schedules()).stdout).not.to.contain('paused')
    const resumed = linesOf((await schedules('--json')).stdout).find(
      (one) => one['schedule'] === 'daily-report',
    )
    expect(resumed?.['resumed'])
      .to.have.property('by')
      .that.matches(/^\S+@\S+ pid \d+/)
  })

  it('trigger a schedule in this process, and once only for the same instance', async () => {
    const first = await fire('trigger', 'daily-report', '--json')
    expect(first.exitCode, first.stderr).to.equal(0)
    expect(jsonOf(first)).to.have.property('status', 'COMPLETED')
    const again = await fire('trigger', 'daily-report')
    expect(again.exitCode, again.stderr).to.equal(4)
    const fires = linesOf((await schedules('fires', 'daily-report', '--json')).stdout)
    expect(fires.map(({ outcome }) => outcome)).to.deep.equal(['REFUSED', 'FIRED'])
    for (const before of ['5', '+275760-09-13T00:00:00Z'])
      expect((await schedules('fires', 'daily-report', '--before', before)).exitCode).to.equal(2)
    const shown = await commandHere(['show', String(fires[1]?.['jobExecutionId'])], { environment })
    expect(shown.stdout).to.match(/launch by \S+@\S+ pid \d+ at /)
  })

  it('backfill the past, after having shown what they would do', async () => {
    const range = ['daily-report', '--from', '2026-03-07', '--to', '2026-03-10']
    const plan = await schedules('backfill', ...range, '--dry-run')
    expect(plan.exitCode).to.equal(0)
    expect(plan.stdout.trim().split('\n')).to.deep.equal([
      '2026-03-07T07:30:00Z  would be fired',
      '2026-03-09T06:30:00Z  would be fired',
      '2026-03-10T06:30:00Z  would be fired',
    ])
    const done = await fire('backfill', ...range)
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(done.stdout).to.match(/^2026-03-07T07:30:00Z {2}FIRED {2}execution \d+ COMPLETED\n/)
    const again = await fire('backfill', ...range)
    expect([again.exitCode, again.stdout]).to.deep.equal([0, ''])
    expect(
      (await schedules('backfill', 'daily-report', '--from', 'soon', '--to', 'later')).exitCode,
    ).to.equal(2)
  })

  it('backfill backwards, and several slots at once', async () => {
    const range = ['daily-report', '--from', '2026-04-01', '--to', '2026-04-03', '--max-active', '2']
    const done = await fire('backfill', ...range, '--backwards', '--json')
    expect(done.exitCode, done.stderr).to.equal(0)
    expect(linesOf(done.stdout).map(({ status }) => status)).to.deep.equal(Array(3).fill('COMPLETED'))
    const fires = linesOf((await schedules('fires', 'daily-report', '--json', '--limit', '100')).stdout)
    const ids = fires
      .filter(({ slot }) => String(slot).startsWith('2026-04-'))
      .map(({ jobExecutionId }) => Number(jobExecutionId))
    expect(ids).to.deep.equal(ids.toSorted((one, other) => one - other))
  })

  it('cancel a backfill that waits, and say by whom', async () => {
    const range = ['daily-report', '--from', '2026-06-01', '--to', '2026-06-02', '--queue']
    expect((await schedules('backfill', ...range)).exitCode).to.equal(0)
    const cancelled = await schedules('cancel-backfill', 'daily-report')
    expect([cancelled.exitCode, cancelled.stdout]).to.deep.equal([
      0,
      '2026-06-01T06:30:00Z  waits no longer\n2026-06-02T06:30:00Z  waits no longer\n',
    ])
    const fires = linesOf((await schedules('fires', 'daily-report', '--outcome', 'SKIPPED', '--json')).stdout)
    for (const { detail } of fires) expect(detail).to.match(/^the backfill was cancelled by \S+@\S+ pid \d+/)
    expect(fires).to.have.lengthOf(2)
  })

  it('leave a backfill to the schedulers', async () => {
    const range = ['daily-report', '--from', '2026-05-01', '--to', '2026-05-02', '--queue']
    expect((await schedules('backfill', ...range, '--backwards')).exitCode).to.equal(2)
    const queued = await fire('backfill', ...range)
    expect([queued.exitCode, queued.stdout]).to.deep.equal([
      0,
      '2026-05-01T06:30:00Z  QUEUED\n2026-05-02T06:30:00Z  QUEUED\n',
    ])
    const scheduler = startCommand(['scheduler', ...SCHEDULES], { environment })
    await until(async () => {
      const { stdout } = await schedules('fires', 'daily-report', '--outcome', 'QUEUED', '--json')
      return stdout === ''
    })
    scheduler.kill('SIGTERM')
    const { exitCode, stdout } = await scheduler.ended
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/daily-report {2}2026-05-01T06:30:00Z {2}FIRED {2}execution \d+\n/)
  })

  it('fire until a signal comes, stop what runs, and end with 0', async () => {
    // On a database of its own: a run that the scheduler of another test has left STOPPED would be continued, or not yet.
    const own = await testDatabase()
    const there = { environment: environmentOf(own) }
    const fires = ['schedules', 'fires', 'ticking', '--outcome', 'FIRED', '--json', ...SCHEDULES]
    const fired = async () => linesOf((await commandHere(fires, there)).stdout)
    const scheduler = startCommand(['scheduler', '--json', ...SCHEDULES], there)
    await until(async () => (await fired()).some(({ status }) => status === 'STARTED'))
    const refused = await command(['schedules', 'trigger', 'ticking', ...SCHEDULES], there)
    expect(refused.exitCode, refused.stderr).to.equal(5)
    scheduler.kill('SIGTERM')
    const { exitCode, stderr, stdout } = await scheduler.ended
    expect(exitCode, stderr).to.equal(0)
    expect(stderr).to.contain('firing 2 schedules')
    expect(linesOf(stdout).map(({ outcome }) => outcome)).to.include('FIRED')
    const stopped = await fired()
    expect(stopped.map(({ status }) => status)).to.deep.equal(['STOPPED'])
    const shown = await commandHere(['show', String(stopped[0]?.['jobExecutionId'])], there)
    expect(shown.stdout).to.match(/interrupt by \S+@\S+ pid \d+: stopped by SIGTERM at /)
    await own.close()
  })

  describe('where a job leaves errors that nobody handles', () => {
    const strays = ['--jobs', resolve(FIXTURES, 'stray-schedules.ts')]
    const outcomesOf = async (schedule: string) => {
      const { stdout } = await commandHere(['schedules', 'fires', schedule, '--json', ...strays], {
        environment,
      })
      return linesOf(stdout)
        .filter(({ outcome }) => outcome === 'FIRED')
        .map(({ status }) => status)
    }

    it('end the run that they come from as FAILED, and no other', async () => {
      const scheduler = startCommand(['scheduler', ...strays], { environment })
      await until(async () => {
        const ended = await outcomesOf('strays')
        return ended.filter((status) => status === 'FAILED').length >= 3
      })
      expect(await outcomesOf('steadily')).to.deep.equal(['STARTED'])
      scheduler.kill('SIGTERM')
      const { exitCode, stderr } = await scheduler.ended
      expect(exitCode, stderr).to.equal(0)
      const { stdout } = await commandHere(['list', '--job', 'careless', '--status', 'FAILED', '--json'], {
        environment,
      })
      expect(JSON.stringify(linesOf(stdout)[0])).to.contain(
        'an error that nobody handles: Error: nobody awaits me',
      )
    })

    it('end the scheduler in order with 1 where they come from no run', async () => {
      const scheduler = startCommand(['scheduler', ...strays], {
        environment: { ...environment, STRAY_OF_NO_RUN: 'true' },
      })
      const { exitCode, stderr } = await scheduler.ended
      expect(exitCode, stderr).to.equal(1)
      expect(stderr).to.contain('and that comes from no run: Error: of no run')
      expect(await outcomesOf('steadily')).to.include('STOPPED')
    })
  })

  it('are checked with the jobs', async () => {
    const { exitCode, stdout } = await commandHere(['check', ...SCHEDULES], { environment })
    expect([exitCode, stdout.trim()]).to.deep.equal([0, 'nothing to report of report, tick'])
  })
})
