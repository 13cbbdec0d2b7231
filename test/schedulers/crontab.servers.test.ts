import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { dirname, resolve } from 'node:path'
import { expect } from 'chai'
import { SCHEDULER_NEEDS } from '../../scripts/services/machine-needs.ts'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { eventually } from '../repository/embedded/left-running.ts'
import { describeWithPrograms } from '../servers/describe-with-servers.ts'
import { reportNotRun } from '../servers/not-run.ts'
import { makeRecipeProject, recipe } from './recipe-project.ts'

const TITLE = 'The recipe for crontab, fired by a real cron'
/** Until the next full minute, and the run. */
const TWO_FIRES_MILLISECONDS = 90_000

/** The recipe's two lines, by turns, a minute each. */
const FIRES = [
  { line: '30 2 * * 2-6 ', each: '*/2 * * * *' },
  { line: '45 2 * * 2-6 ', each: '1-59/2 * * * *' },
]

describeWithPrograms(TITLE, [SCHEDULER_NEEDS.cron], () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let cron: ChildProcess

  before(async function () {
    const { status } = spawnSync('unshare', ['--mount', 'true'])
    if (status !== 0) {
      reportNotRun(TITLE, 'a mount namespace of its own, which cron gets here, takes root')
      return this.skip()
    }
    database = await testDatabase()
    const project = folder.path('.')
    await makeRecipeProject(project, database)
    await writeFile(folder.path('crontab'), await crontab(project))
    await writeFile(folder.path('end-of-day.sh'), await recipe('end-of-day.sh', project))
    await chmod(folder.path('end-of-day.sh'), 0o755)
    await writeFile(folder.path('fail'), '')
    cron = spawn('unshare', ['--mount', resolve('test/schedulers/fixtures/private-cron.sh'), project], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  })

  after(async () => {
    if (cron !== undefined) {
      cron.kill()
      if (cron.exitCode === null && cron.signalCode === null) await once(cron, 'close')
    }
    await database?.close()
  })

  it('mails a failure, goes on with it at the second line, and then leaves in peace what is done', async function () {
    this.timeout(3 * TWO_FIRES_MILLISECONDS)
    await endsLogged(1)
    await eventually('cron has mailed', () => mail().includes('ended with 1'), TWO_FIRES_MILLISECONDS)
    expect(mail()).to.match(/^To: batch-team@example\.com$[^]*^Subject: Cron .*end-of-day\.sh$/m)
    expect(mail()).to.include('there is a file named fail')
    await rm(folder.path('fail'))
    await endsLogged(3)

    const [failed, resumed, found] = ends()
    expect(failed).to.include({ status: 'FAILED', restartOf: null, processExitCode: 1 })
    expect(resumed).to.include({
      status: 'COMPLETED',
      restartOf: failed?.['jobExecutionId'],
      processExitCode: 0,
    })
    expect(found).to.include({
      jobExecutionId: resumed?.['jobExecutionId'],
      alreadyComplete: true,
      processExitCode: 0,
    })
    const { rows } = await database.pool.query(
      `select status from ${database.schema}.batch_job_execution order by 1`,
    )
    expect(rows).to.deep.equal([{ status: 'COMPLETED' }, { status: 'FAILED' }])
    const [, , resuming = '', ...further] = mail().split(/^From: /m)
    expect(resuming).to.match(new RegExp(`\n\ncontinues execution ${String(failed?.['jobExecutionId'])}\n$`))
    expect(further).to.deep.equal([])
  })

  const read = (name: string): string =>
    existsSync(folder.path(name)) ? readFileSync(folder.path(name), 'utf8') : ''
  const mail = (): string => read('mail')
  const ends = (): readonly Record<string, unknown>[] => {
    const whole = read('log/end-of-day.ndjson').split('\n').slice(0, -1)
    return whole.map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  const endsLogged = (count: number): Promise<void> =>
    eventually(`cron has run it ${count} times`, () => ends().length >= count, count * TWO_FIRES_MILLISECONDS)
})

async function crontab(project: string): Promise<string> {
  const text = (await recipe('crontab', project)).replace('/usr/local/bin:', `${dirname(process.execPath)}:`)
  return FIRES.reduce((changed, { line, each }) => {
    if (!changed.includes(line)) throw new Error(`The crontab has no line at ${line}`)
    return changed.replace(line, each)
  }, text)
}
