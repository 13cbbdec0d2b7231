import { expect } from 'chai'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { command, type CommandEnd, environmentOf, JOBS, jsonOf, startCommand } from './command.ts'
import { commandHere } from './command-here.ts'

describe('The commands that act on executions wherever they run', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>
  let number = 100

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
  })
  after(() => database.close())

  const operate = (...args: string[]) => commandHere(args, { environment })
  const restart = (...args: string[]) => command(['restart', ...args], { environment })
  const run = (...args: string[]) => command(['run', '--jobs', JOBS, ...args], { environment })

  /** An instance of its own, at work, with its execution's id. */
  async function running(...more: string[]) {
    number += 1
    const started = startCommand(['run', '--jobs', JOBS, 'count', `to=${number}000`, 'pause=50', ...more], {
      environment,
    })
    await started.said('step load 1/2 started')
    return { started, id: await latestId() }
  }

  async function latestId(): Promise<string> {
    const { rows } = await database.pool.query<{ id: string }>(
      `select max(job_execution_id)::text as id from ${database.schema}.batch_job_execution`,
    )
    return rows[0]?.id ?? ''
  }

  async function shown(id: string): Promise<Record<string, unknown>> {
    return jsonOf(await operate('show', id, '--json'))
  }

  function ends({ exitCode, stdout, stderr }: CommandEnd, code: number): void {
    expect(exitCode, `${stdout}\n${stderr}`).to.equal(code)
  }

  it('stop ends a run of another process at its next chunk, waits for that, and all is on record', async () => {
    const { started, id } = await running()
    const stopped = await operate('stop', id, '--wait')
    ends(stopped, 0)
    expect(stopped.stderr).to.match(/is asked to stop: host .*, pid \d+, since .* sees it at its next commit/)
    expect(stopped.stdout).to.include('STOPPED')
    expect((await started.ended).exitCode).to.equal(3)
    const { stdout } = await operate('show', id)
    expect(stdout).to.match(/launch by \S+@\S+ pid \d+ at .*\n\s+stop by \S+@\S+ pid \d+ at /)
    const again = await operate('stop', id)
    ends(again, 6)
    expect(again.stderr).to.match(/is not running: it is STOPPED since/)
  })

  it('stop --wait 0 does not wait, says so with 8, and the run ends all the same', async () => {
    number += 1
    const started = startCommand(['run', '--jobs', JOBS, 'count', `to=${number}000`, 'pause=2000'], {
      environment,
    })
    await started.said('step load 1/2 started')
    const asked = await operate('stop', await latestId(), '--wait', '0')
    ends(asked, 8)
    expect(asked.stdout).to.include('STOPPING')
    expect((await started.ended).exitCode).to.equal(3)
  })

  it('stop, abandon and recover of an id that is not there end with 2', async () => {
    for (const name of ['stop', 'abandon', 'recover']) {
      const { exitCode, stderr } = await operate(name, '999999')
      expect({ name, exitCode }).to.deep.equal({ name, exitCode: 2 })
      expect(stderr).to.match(/There is no job execution 999999 in .*batchwright list shows/)
    }
  })

  it('abandon settles a failed execution: its instance is not started again', async () => {
    const failed = await run('failing', 'day=abandoned')
    ends(failed, 1)
    const id = await latestId()
    const abandoned = await operate('abandon', id, '--json')
    expect(jsonOf(abandoned)).to.include({ jobExecutionId: id, status: 'ABANDONED' })
    expect((await operate('abandon', id)).exitCode, 'again').to.equal(0)
    const refused = await run('failing', 'day=abandoned')
    ends(refused, 6)
    expect((await restart(id, '--jobs', JOBS)).exitCode).to.equal(6)
    const complete = await run('count', 'to=3')
    ends(complete, 0)
    const nothing = await operate('abandon', await latestId())
    ends(nothing, 6)
    expect(nothing.stderr).to.include('nothing to abandon')
  })

  it('abandon and recover of a run that is alive are refused with the owner and the remedy', async () => {
    const { started, id } = await running()
    const [abandoned, recovered] = await Promise.all([operate('abandon', id), operate('recover', id)])
    ends(abandoned, 6)
    expect(abandoned.stderr).to.match(/host .* is at work: stop it first \(batchwright stop \d+ --wait\)/)
    ends(recovered, 6)
    expect(recovered.stderr).to.match(/its owner is alive \(host .*\).*recover \d+ --force/)
    started.kill('SIGTERM')
    expect((await started.ended).exitCode).to.equal(3)
  })

  it('recover closes what a killed process has left, with its steps; then it is restarted to its end', async () => {
    const { started, id } = await running()
    started.kill('SIGKILL')
    await started.ended
    const orphaned = await operate('stop', id)
    ends(orphaned, 6)
    expect(orphaned.stderr).to.match(/nobody runs it: its process .* is gone.*batchwright recover/)
    const recovered = await operate('recover', id, '--json')
    expect(jsonOf(recovered)).to.include({ status: 'FAILED', recovered: true })
    expect(recovered.stdout).to.not.include('STARTED')
    const again = await operate('recover', id)
    ends(again, 0)
    expect(again.stdout).to.include('there was nothing to recover')
    const restarted = await restart(id, 'pause=0', '--jobs', JOBS, '--json')
    ends(restarted, 0)
    expect(jsonOf(restarted)).to.have.nested.property('jobParameters.pause.value', '0')
  })

  it('recover --stale closes all of them, and only them', async () => {
    const runs = [await running(), await running(), await running()]
    for (const { started } of runs.slice(0, 2)) started.kill('SIGKILL')
    await Promise.all(runs.slice(0, 2).map(({ started }) => started.ended))
    const lines = (
      await Promise.all([operate('recover', '--stale', '--json'), operate('recover', '--stale', '--json')])
    )
      .flatMap(({ stdout }) => stdout.trim().split('\n'))
      .filter((line) => line !== '')
    const ids = lines.map((line) => (JSON.parse(line) as { jobExecutionId: string }).jobExecutionId)
    expect(ids.toSorted()).to.deep.equal(runs.slice(0, 2).map(({ id }) => id))
    expect(await shown(runs[2]?.id ?? '')).to.have.property('status', 'STARTED')
    runs[2]?.started.kill('SIGTERM')
    expect((await runs[2]?.started.ended)?.exitCode).to.equal(3)
  })

  it('recover --force takes it from a living owner, which then commits nothing and ends with 1', async () => {
    const { started, id } = await running()
    const forced = await operate('recover', id, '--force', '--json')
    ends(forced, 0)
    const after = await shown(id)
    const end = await started.ended
    ends(end, 1)
    expect(end.stderr).to.match(/no longer belongs|was taken from/)
    expect(await shown(id)).to.deep.equal(after)
  })

  it('recover takes an id or --stale, never both or none', async () => {
    for (const args of [['recover'], ['recover', '1', '--stale'], ['recover', '--stale', '--force']])
      expect((await operate(...args)).exitCode).to.equal(2)
  })

  it('run --next makes instance after instance, keeps what it is not told, and names one that has not completed', async () => {
    const first = await run('failing', '--next', 'day=monday', '--json')
    ends(first, 1)
    expect((jsonOf(first)['jobParameters'] as Record<string, unknown>)['run.id']).to.deep.equal({
      type: 'java.lang.Long',
      value: '1',
      identifying: true,
    })
    const second = await run('failing', '--next')
    ends(second, 1)
    expect(second.stderr).to.match(
      /warning: execution \d+ of the instance before is FAILED, and is not continued/,
    )
    expect(second.stdout).to.include('day=monday run.id=2')
    const third = await run('failing', '--next', 'day=tuesday')
    expect(third.stdout).to.include('day=tuesday run.id=3')
    const again = await restart(await latestId(), '--jobs', JOBS)
    expect(again.stdout, 'a restart is of the same number').to.include('day=tuesday run.id=3')
    const unknown = await run('failing', '--next', 'dya=x')
    ends(unknown, 2)
  })

  it('run refuses options that it would have to ignore', async () => {
    for (const options of [
      ['--next', '--on-existing', 'return'],
      ['--next', '--dry-run'],
      ['--dry-run', '--on-existing', 'return'],
    ]) {
      const refused = await run('count', 'to=5', ...options)
      ends(refused, 2)
      expect(refused.stderr).to.match(/error: --(on-existing return|next) does not go with --/)
    }
  })

  it('restart refuses to change what identifies the instance, by name', async () => {
    const failed = await run('failing', 'day=fixed')
    ends(failed, 1)
    const refused = await restart(await latestId(), 'day=other', '--jobs', JOBS)
    ends(refused, 2)
    expect(refused.stderr).to.include('day: fixed cannot become other')
  })

  it('--grace over ends a job that does not listen as STOPPED, with 3', async () => {
    const started = startCommand(['run', '--jobs', JOBS, 'deaf', 'name=graceful', '--grace', '0.5'], {
      environment,
    })
    await started.said('step sleep 1/1 started')
    const id = await latestId()
    started.kill('SIGTERM')
    const end = await started.ended
    ends(end, 3)
    expect(await shown(id)).to.have.property('status', 'STOPPED')
    expect(await shown(id)).to.have.nested.property('stepExecutions[0].status', 'STOPPED')
    expect(end.stdout).to.include('STOPPED')
  })

  it('a second signal is recorded as FAILED although the job does not listen', async () => {
    const started = startCommand(['run', '--jobs', JOBS, 'deaf', 'name=given-up'], { environment })
    await started.said('step sleep 1/1 started')
    const id = await latestId()
    started.kill('SIGTERM')
    await started.said('SIGTERM:')
    await new Promise((resolve) => setTimeout(resolve, 400))
    started.kill('SIGTERM')
    const end = await started.ended
    ends(end, 143)
    expect(await shown(id)).to.have.property('status', 'FAILED')
    expect(await shown(id)).to.have.nested.property('stepExecutions[0].status', 'FAILED')
  })
})
