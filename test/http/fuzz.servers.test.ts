import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect } from 'chai'
import { PYTHON_NEEDS } from '../../scripts/services/machine-needs.ts'
import { pythonWithTools } from '../../scripts/services/python-tools.ts'
import { lastLines, runProgram } from '../../scripts/services/run-program.ts'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { describeWithPrograms } from '../servers/describe-with-servers.ts'
import type { FuzzedAddress, FuzzedSetting } from './fuzzed-process.ts'

const TOKEN = 'fuzz-0123456789abcdef'
const INSTALLING_MS = 300_000
const SECONDS = Number(process.env['BATCHWRIGHT_TEST_FUZZ_SECONDS'] ?? 180)
/** Beyond the budget: loading the document, and the request under way. */
const SLACK_MS = 120_000
const SETTINGS = resolve('test/http/schemathesis.toml')

describeWithPrograms('The HTTP API, fuzzed from its OpenAPI document', PYTHON_NEEDS, () => {
  const folder = temporaryFolder()
  let database: TestDatabase
  let server: ChildProcess
  let python: string
  let url: string

  before(async function () {
    this.timeout(INSTALLING_MS)
    python = await pythonWithTools()
    database = await testDatabase()
    server = fork(resolve('dist/test/http/fuzzed-process.js'))
    const { connection, schema } = database
    server.send({ connection, schema, token: TOKEN } satisfies FuzzedSetting)
    const [{ port }] = (await once(server, 'message')) as [FuzzedAddress]
    url = `http://127.0.0.1:${port}`
  })

  after(async () => {
    if (server?.exitCode === null) {
      server.kill('SIGKILL')
      await once(server, 'close')
    }
    await database?.close()
  })

  it(`answers ${SECONDS} seconds of requests as the document says, and none with a server error`, async function () {
    this.timeout(SECONDS * 1000 + SLACK_MS)
    const schemathesis = [python, '-m', 'schemathesis.cli', '--config-file', SETTINGS]
    const { exitCode, output } = await runProgram(
      [...schemathesis, 'run', `${url}/openapi.json`, '--max-time', String(SECONDS)],
      { cwd: folder.path('.'), environment: { ...process.env, BATCHWRIGHT_TOKEN: TOKEN, NO_COLOR: '1' } },
    )
    expect(exitCode, lastLines(output, 400)).to.equal(0)
    expect(server.exitCode, 'the server has ended').to.equal(null)
  })
})
