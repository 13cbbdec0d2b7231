import { expect } from 'chai'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { command, environmentOf, JOBS, jsonOf } from './command.ts'
import { commandHere } from './command-here.ts'

describe('batchwright list', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
    await run('count', 'to=5', 'day=2026-01-31', '--trigger', 'airflow:eod')
    await run('failing')
  })
  after(() => database.close())

  function run(...args: string[]) {
    return command(['run', '--jobs', JOBS, ...args], { environment })
  }

  async function names(...args: string[]): Promise<readonly unknown[]> {
    const { stdout, exitCode, stderr } = await commandHere(['list', '--json', ...args], { environment })
    expect(exitCode, stderr).to.equal(0)
    const lines = stdout.split('\n').filter((line) => line !== '')
    return lines.map((line) => (JSON.parse(line) as { jobName: string }).jobName)
  }

  it('finds executions by what has triggered them', async () => {
    expect(await names('--trigger', 'external')).to.deep.equal(['count'])
    expect(await names('--trigger', 'external:airflow:eod')).to.deep.equal(['count'])
    expect(await names('--trigger', 'external:airflow')).to.deep.equal([])
    expect(await names('--trigger', 'command')).to.deep.equal(['failing'])
  })

  it('finds those that wait for somebody, by time, and by text', async () => {
    expect(await names('--attention')).to.deep.equal(['failing'])
    expect(await names('--since', '1h', '--until', '0s')).to.deep.equal(['failing', 'count'])
    expect(await names('--until', '1h')).to.deep.equal([])
    expect(await names('--since', '999999999d')).to.deep.equal(['failing', 'count'])
    expect(await names('--since', '2020-01-01', '--until', '2020-01-01T12:00:00+02:00')).to.deep.equal([])
    expect(await names('--search', 'day=2026-01-31')).to.deep.equal(['count'])
    expect(await names('--search', '2026-')).to.deep.equal(['count'])
    expect(await names('--search', 'cannot be done')).to.deep.equal(['failing'])
  })

  it('refuses what it cannot understand', async () => {
    for (const args of [
      ['--since', 'yesterday'],
      ['--until', '2026-13-01'],
      ['--until', '2026-02-30'],
      ['--trigger', 'airflow:eod'],
    ]) {
      const { exitCode, stderr } = await commandHere(['list', ...args], { environment })
      expect(exitCode, stderr).to.equal(2)
    }
    expect((await run('count', 'to=5', 'day=2026-01-31', '--trigger', ' ')).exitCode).to.equal(2)
  })

  it('shows the trigger, as `show` does', async () => {
    const table = await commandHere(['list'], { environment })
    expect(table.stdout).to.match(/\n.* count .* external:airflow:eod /)
    const [counted] = (await commandHere(['list', '--json', '--job', 'count'], { environment })).stdout.split(
      '\n',
    )
    const { jobExecutionId, launch } = JSON.parse(counted ?? '') as Record<string, unknown>
    expect(launch).to.deep.equal({ trigger: { type: 'external', name: 'airflow:eod' }, runner: 'command' })
    const shown = await commandHere(['show', String(jobExecutionId)], { environment })
    expect(shown.stdout).to.include('  triggered by external:airflow:eod, run by a command\n')
    const json = jsonOf(await commandHere(['show', '--json', String(jobExecutionId)], { environment }))
    expect(json['launch']).to.deep.equal(launch)
  })
})
