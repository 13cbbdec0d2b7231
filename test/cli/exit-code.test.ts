import { writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { emptyTestDatabase, testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { pause } from './fixtures/numbers.ts'
import { command, environmentOf, IN_MEMORY, JOBS, jsonOf, startCommand } from './command.ts'

const LONGER_THAN_ONE_PRESS = 400

describe('The exit code', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>
  const folder = temporaryFolder()

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
  })
  after(() => database.close())

  const run = (...args: string[]) => command(['run', '--jobs', JOBS, ...args], { environment })

  it('is 0 when the job has completed', async () => {
    const { exitCode, stdout } = await run('count', 'to=25')
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/^Execution \d+ of job count \(instance \d+\): COMPLETED in /)
    expect(stdout).to.match(/\nload\s+COMPLETED\s+25\s+25\s+0\s+0\s+3\s+0/)
  })

  it('is 1 when it has failed, and the message has the cause and the line of the author', async () => {
    const { exitCode, stdout, stderr } = await run('failing')
    expect(exitCode).to.equal(1)
    expect(stdout).to.include('FAILED')
    expect(stderr).to.match(
      /TypeError: cannot be done\n {2}at .*jobs\.ts:\d+:\d+\nTo resume: batchwright restart \d+/,
    )
  })

  it('is 1 for a mistake that only the run could find', async () => {
    expect((await run('misconfigured')).exitCode).to.equal(1)
  })

  it('is 2 for what the caller got wrong, and says what would be right', async () => {
    const mistakes = [
      { args: ['run', 'cuont'], said: 'There is no job cuont. Did you mean count?' },
      { args: ['run', 'count', 'too=5'], said: 'too: no such parameter. Did you mean to?' },
      { args: ['run', 'count', 'to=abc'], said: 'to: expected a number, got "abc"' },
      { args: ['run', 'count', 'to'], said: '"to" is no parameter: write name=value' },
      { args: ['run', 'count', 'to=1', 'to=2'], said: 'to is given twice' },
      { args: ['run', 'count', 'to=1', '--progess', 'log'], said: '(Did you mean --progress?)' },
      { args: ['rnu', 'count'], said: '(Did you mean run?)' },
      { args: ['show', '77'], said: 'There is no job execution 77' },
      { args: ['list', '--status', 'FIALED'], said: 'There is no status FIALED' },
      { args: ['help', 'me'], said: 'there is no help on me' },
      { args: [], said: 'Usage: batchwright' },
    ]
    const refuse = async ({ args, said }: (typeof mistakes)[number]) => {
      const { exitCode, stdout, stderr } = await command([...IN_MEMORY, ...args])
      expect({ args, exitCode, stdout }).to.deep.equal({ args, exitCode: 2, stdout: '' })
      expect(stderr).to.include(said)
    }
    await Promise.all(mistakes.map(refuse))
  })

  it('is 2 before any database is asked', async () => {
    const nowhere = { environment: { DATABASE_URL: 'postgres://localhost:1/nowhere' } }
    expect((await command(['run', '--jobs', JOBS, 'count', 'to=x'], nowhere)).exitCode).to.equal(2)
  })

  it('is 3 when a signal has stopped it at the end of a chunk', async () => {
    const running = startCommand([...IN_MEMORY, 'run', 'count', 'to=10000', 'pause=50'])
    await running.said('step load 1/2 started')
    running.kill('SIGTERM')
    const { exitCode, stdout } = await running.ended
    expect(exitCode).to.equal(3)
    expect(stdout).to.match(/^Execution \d+ of job count \(instance \d+\): STOPPED in /)
  })

  it('is 4 when the work was done before, and 0 with --on-existing return, which shows the execution', async () => {
    expect((await run('count', 'to=7')).exitCode).to.equal(0)
    const again = await run('count', 'to=7')
    expect(again.exitCode).to.equal(4)
    expect(again.stderr).to.match(/was completed by execution \d+ at .*; nothing was started/)
    const returned = await run('count', 'to=7', '--on-existing', 'return')
    expect(returned.exitCode).to.equal(0)
    expect(returned.stdout).to.include('the work was done before, by this execution; nothing was started')
  })

  it('is 5 while the instance is running', async () => {
    const args = ['run', '--jobs', JOBS, 'count', 'to=1000', 'pause=50']
    const first = startCommand(args, { environment })
    await first.said('step load 1/2 started')
    const second = await command(args, { environment })
    expect(second.exitCode).to.equal(5)
    expect(second.stderr).to.match(/is running: execution \d+ is STARTED on host/)
    first.kill('SIGTERM')
    expect((await first.ended).exitCode).to.equal(3)
  })

  it('is 6 when the job is not restartable, and when a step has reached its start limit', async () => {
    const twice = async (job: string) => [(await run(job)).exitCode, (await run(job)).exitCode]
    expect(await Promise.all([twice('once'), twice('limited')])).to.deep.equal([
      [1, 6],
      [1, 6],
    ])
  })

  it('is 7 when the database is away, and no password is shown', async () => {
    const url = 'postgres://me:geheim@localhost:1/nowhere'
    const { exitCode, stderr } = await command(['run', '--jobs', JOBS, 'count', 'to=1'], {
      environment: { DATABASE_URL: url },
    })
    expect(exitCode).to.equal(7)
    expect(stderr).to.include('localhost:1/nowhere').and.not.include('geheim')
  })

  it('is 7 when the schema is missing, until `db migrate` has made it', async () => {
    const empty = await emptyTestDatabase()
    try {
      const there = { environment: environmentOf(empty) }
      const [refused, before] = await Promise.all([
        command(['run', '--jobs', JOBS, 'count', 'to=1'], there),
        command(['db', 'status', '--json'], there),
      ])
      expect([before.exitCode, jsonOf(before)['state']]).to.deep.equal([7, 'missing'])
      expect(refused.exitCode).to.equal(7)
      expect(refused.stderr).to.include("run 'batchwright db migrate'")
      expect((await command(['db', 'migrate'], there)).exitCode).to.equal(0)
      const after = await command(['db', 'status', '--json'], there)
      expect([after.exitCode, jsonOf(after)['state']]).to.deep.equal([0, 'current'])
    } finally {
      await empty.close()
    }
  })

  it('is 2 when what the environment says is no address, and it is not shown', async () => {
    const bad = { environment: { DATABASE_URL: 'postgres://me:geheim@[nowhere' } }
    const { exitCode, stderr } = await command(['list'], bad)
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('DATABASE_URL is not the address of a Postgres').and.not.include('geheim')
  })

  it('is 8 when --wait ran out, and the job goes on', async () => {
    const running = startCommand(['run', '--jobs', JOBS, 'count', 'to=2000', 'pause=1000'], { environment })
    await running.said('step load 1/2 started')
    const [newest] = (await command(['list', '--limit', '1', '--json'], { environment })).stdout.split('\n')
    const { jobExecutionId } = JSON.parse(newest ?? '') as { jobExecutionId: string }
    const asked = await command(['stop', jobExecutionId, '--wait', '0'], { environment })
    expect(asked.exitCode).to.equal(8)
    expect((await running.ended).exitCode).to.equal(3)
  })

  it("is the job's own for an exit code of its own, which describe shows", async () => {
    const { exitCode, stdout } = await run('skipping')
    expect(exitCode).to.equal(10)
    expect(stdout).to.include('exit code COMPLETED WITH SKIPS')
    const described = await command([...IN_MEMORY, 'describe', 'skipping'])
    expect(described.stdout).to.match(/exit codes of its own\n +10 +COMPLETED WITH SKIPS\n/)
  })

  it('is 130 after a second SIGINT, and 143 after a second SIGTERM', async () => {
    const giveUp = async (signal: NodeJS.Signals) => {
      const running = startCommand([...IN_MEMORY, 'run', 'deaf', `name=${signal}`])
      await running.said('step sleep 1/1 started')
      running.kill(signal)
      await running.said(`${signal}:`)
      await pause(LONGER_THAN_ONE_PRESS)
      running.kill(signal)
      return (await running.ended).exitCode
    }
    expect(await Promise.all([giveUp('SIGINT'), giveUp('SIGTERM')])).to.deep.equal([130, 143])
  })

  it('is that of the restart: it goes on behind the last committed chunk and says so', async () => {
    const first = startCommand(['run', '--jobs', JOBS, 'count', 'to=500', 'pause=50'], { environment })
    await first.said('step load 1/2 started')
    first.kill('SIGTERM')
    const [, id = '', read = ''] =
      /Execution (\d+) [\s\S]*\nload\s+STOPPED\s+(\d+)/.exec((await first.ended).stdout) ?? []
    await writeFile(folder.path('parameters.json'), '{ "to": 500, "region": "EU", "day": null, "pause": 0 }')
    const { exitCode, stdout } = await run('count', '--params', folder.path('parameters.json'))
    expect(exitCode).to.equal(0)
    expect(stdout).to.include(`continues execution ${id}, which committed ${read} items`)
    expect(stdout).to.match(new RegExp(`\\nload\\s+COMPLETED\\s+${500 - Number(read)}\\s`))
    expect((await command(['restart', id, '--jobs', JOBS], { environment })).exitCode).to.equal(4)
  })

  it('stays when a job leaves something open, and the process ends', async () => {
    const { exitCode, stderr } = await command([...IN_MEMORY, 'run', 'leaking'])
    expect(exitCode).to.equal(0)
    expect(stderr).to.include('something that the job opened has not')
  })

  it('is 1 when a job does not await a promise that is rejected, and that is recorded', async () => {
    const { exitCode, stdout, stderr } = await command([...IN_MEMORY, 'run', 'careless', '--json'])
    expect(exitCode).to.equal(1)
    expect(stderr).to.match(/an error that nobody handles: RangeError: not awaited\n {2}at .*jobs\.ts:\d+/)
    expect(JSON.parse(stdout)).to.have.nested.property('exitStatus.exitCode', 'FAILED')
  })

  it('is explained by `help exit-codes`', async () => {
    const { exitCode, stdout } = await command(['help', 'exit-codes'])
    expect(exitCode).to.equal(0)
    for (const code of ['0', '1', '2', '3', '4', '5', '6', '7', '8', '10-79', '130, 143'])
      expect(stdout).to.match(new RegExp(`^${code} `, 'm'))
    expect(stdout).to.match(/^8 .*watch or launch was interrupted/m)
  })
})
