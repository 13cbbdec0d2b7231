import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { SCHEDULER_NEEDS } from '../../scripts/services/machine-needs.ts'
import { type ProgramEnd, runProgram } from '../../scripts/services/run-program.ts'
import { createBatch, defineJob, memoryRepository } from '../../src/index.ts'
import { createHttpApi, localPool, tokenHash } from '../../src/http/index.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { describeWithPrograms } from '../servers/describe-with-servers.ts'
import { RECIPES } from './recipe-project.ts'

const TOKEN = 'curl-0123456789abcdef'

describeWithPrograms('The recipe for curl, against a server', [SCHEDULER_NEEDS.curl], () => {
  const folder = temporaryFolder()
  /** The days whose first attempt fails. */
  const failing = new Set(['2026-11-20'])
  let server: Server
  let url: string

  before(async () => {
    const jobs = [endOfDay(failing)]
    const batch = createBatch({ repository: memoryRepository(), jobs, logger: pino({ level: 'silent' }) })
    const tokens = [{ name: 'curl', scopes: ['launch'] as const, sha256: tokenHash(TOKEN) }]
    const listen = getRequestListener(createHttpApi({ batch, pool: localPool({ batch }), tokens }).fetch)
    server = createServer((request, response) => void listen(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await writeFile(folder.path('headers'), `Authorization: Bearer ${TOKEN}\n`)
  })
  after(() => new Promise((resolve) => server.close(resolve)))

  const launch = (day: string, key: string, headers = folder.path('headers')): Promise<ProgramEnd> =>
    runProgram(['sh', join(RECIPES, 'launch.sh'), day, key], {
      environment: { ...process.env, BATCHWRIGHT_URL: url, BATCHWRIGHT_HEADERS: headers },
    })

  it('ends with the exit code of the run: 0, and again 0 where it is complete', async () => {
    const { exitCode, output } = await launch('2026-11-21', 'one/1')
    expect(exitCode, output).to.equal(0)
    expect(JSON.parse(output)).to.include({ status: 'COMPLETED', processExitCode: 0 })
    expect((await launch('2026-11-21', 'one/2')).exitCode).to.equal(0)
  })

  it('ends with 1 where the job fails, and resumes it with another key', async () => {
    const failed = await launch('2026-11-20', 'two/1')
    expect(failed.exitCode, failed.output).to.equal(1)
    const { exitCode, output } = await launch('2026-11-20', 'two/2')
    expect(exitCode, output).to.equal(0)
  })

  it("ends with 2, and says why, where the mistake is the caller's", async () => {
    const { exitCode, output } = await launch('yesterday', 'three/1')
    expect(exitCode, output).to.equal(2)
    expect(output).to.include('"code":"invalid-parameters"')
    const nobody = await folder.file('nobody', 'Authorization: Bearer nobody\n')
    expect((await launch('2026-11-22', 'four/1', nobody)).exitCode).to.equal(2)
  })

  it('has one command that launches, as the page shows it', async () => {
    const page = await readFile('docs/schedulers/curl.md', 'utf8')
    const [, shown = ''] = /```sh\n(curl [^`]+)```/.exec(page) ?? []
    const command = shown
      .replace('http://127.0.0.1:8080', url)
      .replace('/srv/batch/headers', folder.path('headers'))
      .replace('curl ', 'curl --silent ')
      .replaceAll('2026-11-21', '2026-11-23')
    const { output } = await runProgram(['sh', '-c', command])
    expect(JSON.parse(output)).to.include({ jobName: 'end-of-day' })
  })
})

function endOfDay(failing: Set<string>) {
  return defineJob({
    name: 'end-of-day',
    parameters: z.object({ businessDate: z.iso.date() }),
    steps: (step) => ({
      close: step.tasklet(({ parameters }) => {
        if (failing.delete(parameters.businessDate)) throw new Error('} "processExitCode":77 {')
      }),
    }),
  })
}
