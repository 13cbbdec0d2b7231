import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { emptyTestDatabase, testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { command, type CommandEnd, environmentOf, JOBS, jsonOf, startCommand } from './command.ts'

interface Finding {
  readonly check: string
  readonly state: string
  readonly text: string
  readonly remedy: string | null
}

describe('batchwright doctor', () => {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>
  const folder = temporaryFolder()

  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
  })
  after(() => database.close())

  const found = (end: CommandEnd, check: string): readonly Finding[] =>
    (jsonOf(end)['findings'] as readonly Finding[]).filter((one) => one.check === check)

  it('ends with 0 where a run would start, and says what it has looked at', async () => {
    const { exitCode, stdout, stderr } = await command(['doctor', '--jobs', JOBS], { environment })
    expect(exitCode, stdout + stderr).to.equal(0)
    const checks = stdout.split('\n').flatMap((line) => /^ok +([^:]+): /.exec(line)?.[1] ?? [])
    expect(checks).to.deep.equal([
      'Node.js',
      'signals',
      'config',
      'jobs',
      'database',
      'clock',
      'tables',
      'executions',
    ])
    expect(stdout).to.match(/\nok +jobs: 9 can be run: careless, count, /)
    expect(stdout).to.match(/\nok +database: Postgres \d+.* named by DATABASE_URL\n/)
  })

  it('ends with 2 and every fault where jobs cannot be run, and looks at the database all the same', async () => {
    const jobs = folder.path('faulty.mjs')
    await writeFile(
      jobs,
      'export const one = { kind: "job", name: "", parameters: { shape: {}, def: {} }, steps: {}, exitCodes: { ODD: 1 } }',
    )
    const end = await command(['doctor', '--jobs', jobs, '--json'], { environment })
    expect(end.exitCode).to.equal(2)
    expect(found(end, 'jobs').map(({ state, text }) => `${state}: ${text}`)).to.deep.equal([
      'problem: job : the job has no name',
      'problem: job : the job has no steps',
      "problem: job : exitCodes: ODD is 1; a job's own process exit codes go from 10 to 79",
    ])
    expect(found(end, 'tables')[0]?.state).to.equal('ok')
  })

  it('ends with 2 where the config cannot be read', async () => {
    const end = await command(['doctor', '--config', folder.path('none.ts'), '--json'], { environment })
    expect(end.exitCode).to.equal(2)
    expect(found(end, 'config')[0]).to.include({ state: 'problem' })
  })

  it('ends with 7 where the database is away, and shows no password', async () => {
    const away = { environment: { DATABASE_URL: 'postgres://me:geheim@localhost:1/nowhere' } }
    const end = await command(['doctor', '--jobs', JOBS], away)
    expect(end.exitCode).to.equal(7)
    expect(end.stdout)
      .to.match(/\nproblem +database: .*localhost:1\/nowhere/)
      .and.not.include('geheim')
  })

  it('ends with 7 where the tables are missing, with the remedy', async () => {
    const empty = await emptyTestDatabase()
    try {
      const end = await command(['doctor', '--jobs', JOBS], { environment: environmentOf(empty) })
      expect(end.exitCode).to.equal(7)
      expect(end.stdout).to.match(/\nproblem +tables: missing .*\n +→ run: batchwright db migrate\n$/)
    } finally {
      await empty.close()
    }
  })

  it('warns of executions whose process has died', async () => {
    const started = startCommand(['run', '--jobs', JOBS, 'count', 'to=5000', 'pause=50'], { environment })
    await started.said('step load 1/2 started')
    started.kill('SIGKILL')
    await started.ended
    const end = await command(['doctor', '--jobs', JOBS, '--json'], { environment })
    expect(end.exitCode).to.equal(0)
    const [stale] = found(end, 'executions')
    expect(stale?.state).to.equal('warning')
    expect(stale?.text).to.match(/^1 left by processes that died: \d+$/)
    expect(stale?.remedy).to.include('batchwright recover --stale')
  })

  it('does not make an embedded Postgres to look at it', async () => {
    const cwd = folder.path('project')
    await mkdir(cwd)
    await writeFile(folder.path('project/package.json'), '{}')
    const end = await command(['doctor', '--json'], { cwd })
    expect(end.exitCode).to.equal(0)
    expect(found(end, 'embedded Postgres')[0]?.text).to.match(/^is made by the first run: .*\.batchwright/)
    expect(found(end, 'jobs')[0]?.state).to.equal('warning')
    expect(existsSync(folder.path('project/.batchwright'))).to.equal(false)
  })
})
