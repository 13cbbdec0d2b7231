import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { expect } from 'chai'
import { PYTHON_NEEDS } from '../../scripts/services/machine-needs.ts'
import { pythonWithTools } from '../../scripts/services/python-tools.ts'
import { lastLines, runProgram } from '../../scripts/services/run-program.ts'
import { tokenHash } from '../../src/http/index.ts'
import { command, type CommandEnd, environmentOf, type RunningCommand, startCommand } from '../cli/command.ts'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { describeWithPrograms } from '../servers/describe-with-servers.ts'

const TOKEN = 'fuzz-0123456789abcdef'
const JOBS = resolve('dist/test/http/fuzzed-jobs.js')
const SETTINGS = resolve('test/http/schemathesis.toml')
const HOOKS = { SCHEMATHESIS_HOOKS: resolve('test/http/fuzz_hooks.py'), PYTHONDONTWRITEBYTECODE: '1' }
const INSTALLING_MILLISECONDS = 300_000
const SECONDS = Number(process.env['BATCHWRIGHT_TEST_FUZZ_SECONDS'] ?? 180)
/** As that of property tests: random, which the output names, unless it is given. */
const SEED = process.env['BATCHWRIGHT_TEST_SEED']
/** Beyond the budget: the document is loaded, findings are made small. */
const SLACK_MILLISECONDS = 120_000
const ENDING_MILLISECONDS = 60_000

/** One of each, so that what belongs to executions is asked of some that there are. */
const BEFOREHAND = [
  ['quick', 'businessDate=2026-11-21'],
  ['failing'],
  ['slow', 'name=one'],
  ['skipping', 'name=one'],
  ['parted', 'name=one'],
  ['once only'],
]

describeWithPrograms('The HTTP API, fuzzed from its OpenAPI document', PYTHON_NEEDS, () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let server: RunningCommand
  let end: CommandEnd | undefined
  let python: string
  let url: string

  before(async function () {
    this.timeout(INSTALLING_MILLISECONDS)
    python = await pythonWithTools()
    database = await testDatabase()
    const environment = { ...environmentOf(database), BATCHWRIGHT_TOKENS_FILE: folder.path('tokens.json') }
    for (const words of BEFOREHAND) await command(['run', '--jobs', JOBS, ...words], { environment })
    const tokens = [{ name: 'fuzz', scopes: ['admin'], sha256: tokenHash(TOKEN) }]
    await writeFile(folder.path('tokens.json'), JSON.stringify({ tokens }), { mode: 0o600 })
    server = startCommand(['serve', '--port', '0', '--grace', '1', '--jobs', JOBS], { environment })
    void server.ended.then((ended) => (end = ended))
    url = await server.told(/serving \d+ jobs on (\S+)/)
  })

  after(async function () {
    this.timeout(ENDING_MILLISECONDS)
    server?.kill('SIGTERM')
    await server?.ended
    await database?.close()
  })

  it(`answers ${SECONDS} seconds of requests as the document says, none with a server error, and ends when told to`, async function () {
    this.timeout(SECONDS * 1000 + SLACK_MILLISECONDS + ENDING_MILLISECONDS)
    const schemathesis = [python, '-m', 'schemathesis.cli', '--config-file', SETTINGS]
    const { exitCode, output } = await runProgram(
      [
        ...schemathesis,
        'run',
        `${url}/openapi.json`,
        '--max-time',
        String(SECONDS),
        ...(SEED === undefined ? [] : ['--seed', SEED]),
      ],
      {
        cwd: folder.path('.'),
        environment: { ...process.env, BATCHWRIGHT_TOKEN: TOKEN, NO_COLOR: '1', ...HOOKS },
      },
    )
    expect(exitCode, lastLines(output, 400)).to.equal(0)
    expect(output, 'so many requests at least').to.match(/\d{3,} generated/)
    expect(end, 'the server has ended').to.equal(undefined)
    server.kill('SIGTERM')
    expect((await server.ended).exitCode).to.equal(0)
  })
})
