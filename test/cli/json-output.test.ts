import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { expect } from 'chai'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { type CommandEnd, command, environmentOf, FIXTURES, IN_MEMORY, JOBS, jsonOf } from './command.ts'
import { commandHere } from './command-here.ts'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const COUNTS = [
  'readCount',
  'writeCount',
  'filterCount',
  'commitCount',
  'rollbackCount',
  'readSkipCount',
  'processSkipCount',
  'writeSkipCount',
]

describe('--json', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>
  let run: CommandEnd
  let failed: CommandEnd

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
    run = await command(['run', '--json', '--jobs', JOBS, 'count', 'to=25', 'day=2026-01-31'], {
      environment,
    })
    failed = await command(['run', '--json', '--jobs', JOBS, 'failing'], { environment })
  })
  after(() => database.close())

  it('prints one object for a run, with the field names of Spring and ids as strings', () => {
    const execution = jsonOf(run)
    expect(run.stdout.trimEnd().split('\n')).to.have.lengthOf(1)
    expect(run.stderr).to.include('printed by the job')
    expect(execution).to.include({ jobName: 'count', status: 'COMPLETED', restartOf: null, recovered: null })
    expect(execution['jobExecutionId']).to.match(/^\d+$/)
    expect(execution['jobInstanceId']).to.match(/^\d+$/)
    expect(execution['exitStatus']).to.deep.equal({ exitCode: 'COMPLETED', exitDescription: '' })
    for (const time of ['createTime', 'startTime', 'endTime']) expect(execution[time]).to.match(TIME)
    expect(execution['jobParameters']).to.deep.equal({
      to: { type: 'java.lang.Long', value: '25', identifying: true },
      day: { type: 'java.time.LocalDate', value: '2026-01-31', identifying: true },
      region: { type: 'java.lang.String', value: 'EU', identifying: true },
      pause: { type: 'java.lang.Long', value: '0', identifying: false },
    })
    expect(execution['owner']).to.include.keys('host', 'pid', 'since', 'leaseExpiresAt')
    expect(execution['processExitCode']).to.equal(0)
  })

  it("prints each step with Spring's eight counts", () => {
    const [load] = jsonOf(run)['stepExecutions'] as Record<string, unknown>[]
    expect(load).to.include.keys(
      'stepExecutionId',
      'jobExecutionId',
      'stepName',
      'status',
      'exitStatus',
      ...COUNTS,
    )
    expect(load).to.include({
      stepName: 'load',
      readCount: 25,
      writeCount: 25,
      filterCount: 0,
      commitCount: 3,
    })
  })

  it('prints a failed run as an execution, not as an error', () => {
    expect(jsonOf(failed)).to.include({ status: 'FAILED', processExitCode: 1 })
    expect(jsonOf(failed))
      .to.have.nested.property('exitStatus.exitDescription')
      .that.includes('cannot be done')
  })

  it('prints the restart that a start became', async () => {
    const again = jsonOf(await command(['run', '--json', '--jobs', JOBS, 'failing'], { environment }))
    expect(again['restartOf']).to.equal(jsonOf(failed)['jobExecutionId'])
  })

  it('prints the execution that had done the work', async () => {
    const args = [
      'run',
      '--json',
      '--jobs',
      JOBS,
      'count',
      'to=25',
      'day=2026-01-31',
      '--on-existing',
      'return',
    ]
    const returned = jsonOf(await command(args, { environment }))
    expect(returned).to.include({ alreadyComplete: true, jobExecutionId: jsonOf(run)['jobExecutionId'] })
  })

  it('prints one object a line for a list, filtered and cut', async () => {
    const list = async (...args: string[]) => {
      const { stdout } = await commandHere(['list', '--json', ...args], { environment })
      return stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    }
    const all = await list()
    expect(all.length).to.be.at.least(2)
    expect(all[0]).to.include.keys(
      'jobExecutionId',
      'jobInstanceId',
      'jobName',
      'status',
      'exitStatus',
      'owner',
    )
    const [counts, ended, second] = await Promise.all([
      list('--job', 'count'),
      list('--status', 'failed', '--status', 'stopped'),
      list('--limit', '1', '--before', String(all[0]?.['jobExecutionId'])),
    ])
    expect(counts.map(({ jobName }) => jobName)).to.deep.equal(['count'])
    expect(new Set(ended.map(({ status }) => status))).to.deep.equal(new Set(['FAILED']))
    expect(second).to.deep.equal([all[1]])
  })

  it('prints the same of an execution in `show` as in `run`, and its context', async () => {
    const id = String(jsonOf(run)['jobExecutionId'])
    const shown = jsonOf(await commandHere(['show', id, '--json'], { environment }))
    expect(shown).to.include({ jobExecutionId: id, jobName: 'count', status: 'COMPLETED' })
    const [load] = shown['stepExecutions'] as Record<string, unknown>[]
    expect(load).to.include({ stepName: 'load', readCount: 25 })
    expect(load?.['executionContext']).to.have.property('batchwright.reader')
  })

  it('prints the parameters of a job as JSON Schema', async () => {
    const described = jsonOf(await commandHere(['describe', 'count', '--json', '--jobs', JOBS]))
    expect(described).to.have.nested.property('parametersSchema.properties.to.type', 'integer')
    expect(described).to.have.nested.property('parametersSchema.properties.pause.x-identifying', false)
    expect(described['steps']).to.deep.include({
      name: 'load',
      kind: 'chunk',
      allowStartIfComplete: false,
      startLimit: null,
    })
    expect(described['example']).to.equal('batchwright run count to=1')
  })

  it('prints what each step guarantees', async () => {
    const explained = jsonOf(await commandHere([...IN_MEMORY, 'explain', 'count', 'to=5', '--json']))
    const [load, report] = explained['steps'] as Record<string, unknown>[]
    expect(load).to.include({ name: 'load', reader: 'numbers from 1 to 5', writer: 'nowhere', chunkSize: 10 })
    expect(load).to.include({ guarantee: 'idempotent' })
    expect(report).to.include({ name: 'report', kind: 'tasklet' })
  })

  it('prints errors on standard output too, with code, message and details', async () => {
    const unknown = await command([...IN_MEMORY, 'run', 'cuont', '--json'])
    expect(jsonOf(unknown)).to.have.nested.property('error.code', 'NO_SUCH_JOB')
    expect(jsonOf(unknown)).to.have.nested.property('error.details.name', 'cuont')
    expect(jsonOf(unknown)).to.have.property('exitCode', 2)
    const usage = jsonOf(await command(['run', '--json']))
    expect(usage).to.deep.equal({
      error: { code: 'USAGE', message: "missing required argument 'job'", details: {} },
      exitCode: 2,
    })
  })

  it('does not mind a reader that has gone away', () => {
    const line = `"${process.execPath}" dist/src/cli/bin.js ${IN_MEMORY.join(' ')} run count to=100 --json | true; exit "\${PIPESTATUS[0]}"`
    expect(spawnSync('bash', ['-c', line], { cwd: resolve(FIXTURES, '../../..') }).status).to.equal(0)
  })
})
