import { expect } from 'chai'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { command, environmentOf, JOBS, jsonOf, startCommand } from './command.ts'
import { commandHere } from './command-here.ts'

describe('batchwright watch', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
  })
  after(() => database.close())

  const watch = (...args: string[]) => commandHere(['watch', ...args], { environment })

  async function latestId(): Promise<string> {
    const { stdout } = await commandHere(['list', '--limit', '1', '--json'], { environment })
    return (JSON.parse(stdout) as { jobExecutionId: string }).jobExecutionId
  }

  async function running(...parameters: string[]) {
    const started = startCommand(['run', '--jobs', JOBS, 'count', ...parameters], { environment })
    await started.said('step load 1/2 started')
    return { started, id: await latestId() }
  }

  async function ran(...args: string[]): Promise<string> {
    await command(['run', '--jobs', JOBS, ...args], { environment })
    return latestId()
  }

  it('follows the run of another process, shows how far it is, and ends with its exit code', async () => {
    const { started, id } = await running('to=600', 'pause=50')
    const watching = command(['watch', id, '--jobs', JOBS, '--json'], { environment })
    const [watched, { exitCode }] = await Promise.all([watching, started.ended])
    expect([watched.exitCode, exitCode]).to.deep.equal([0, 0])
    expect(watched.stderr).to.match(
      /^step load 1\/2 started\n[\s\S]*step load 1\/2 COMPLETED in .*: 600 read/m,
    )
    expect(jsonOf(watched)).to.include({ jobExecutionId: id, status: 'COMPLETED', processExitCode: 0 })
  })

  it('ends with 3 when the run is stopped', async () => {
    const { started, id } = await running('to=9000', 'pause=50')
    const watching = startCommand(['watch', id], { environment })
    await watching.said('step load started')
    started.kill('SIGTERM')
    const { exitCode, stdout } = await watching.ended
    expect(exitCode).to.equal(3)
    expect(stdout).to.include(`Execution ${id} of job count`).and.include('STOPPED')
    await started.ended
  })

  it('ends alone at a signal, with 8: the run goes on', async () => {
    const { started, id } = await running('to=800', 'pause=50')
    const watching = startCommand(['watch', id], { environment })
    await watching.said('step load started')
    watching.kill('SIGINT')
    const { exitCode, stderr } = await watching.ended
    expect(exitCode).to.equal(8)
    expect(stderr).to.include(`interrupted by SIGINT; to watch on: batchwright watch ${id}`)
    expect((await started.ended).exitCode).to.equal(0)
  })

  it('answers at once for what has ended: with 1 and the reason, 6 where it was abandoned', async () => {
    const id = await ran('failing')
    const failed = await watch(id)
    expect([failed.exitCode, failed.stderr.includes('step')]).to.deep.equal([1, false])
    expect(failed.stderr).to.include('cannot be done')
    await commandHere(['abandon', id], { environment })
    expect((await watch(id)).exitCode).to.equal(6)
  })

  it("ends with the job's own code where the project has the job", async () => {
    const id = await ran('skipping')
    expect((await watch(id, '--jobs', JOBS)).exitCode).to.equal(10)
    expect((await watch(id)).exitCode).to.equal(0)
  })

  it('ends with 6 when the process of the run has died, and names the remedy', async () => {
    const { started, id } = await running('to=9001', 'pause=50')
    const watching = startCommand(['watch', id], { environment })
    await watching.said('step load started')
    started.kill('SIGKILL')
    const { exitCode, stderr } = await watching.ended
    expect(exitCode).to.equal(6)
    expect(stderr).to.include(`batchwright recover ${id}`)
    await started.ended
  })

  it('ends with 2 for an id that is not there', async () => {
    expect((await watch('999999')).exitCode).to.equal(2)
  })
})
