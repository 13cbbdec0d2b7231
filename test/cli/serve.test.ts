import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { expectGone } from '../workers/load-trial.ts'
import { command, FIXTURES, IN_MEMORY, jsonOf, type RunningCommand } from './command.ts'
import { numbersTo, SERVED, servedTrial } from './served.ts'

const LONGER_THAN_ONE_PRESS = 400
const TRACED = resolve(FIXTURES, 'traced-server.config.ts')

describe('The command serve', function () {
  this.timeout(90_000)
  const trial = servedTrial()
  const folder = temporaryFolder()
  const { serve, serveWith, request, numbersOf, pidOf, until, executionsOf } = trial

  const launch = async (run: string, parameters: object = {}) =>
    request('/api/v1/jobs/load/executions', { parameters: { run, ...parameters } })

  const end = async (server: RunningCommand) => {
    server.kill('SIGTERM')
    const { exitCode, stderr } = await server.ended
    expect(exitCode, stderr).to.equal(0)
  }

  it('runs what is launched over HTTP in a process of its own', async () => {
    const server = await serve()
    const launched = await launch('plain')
    expect(launched.status).to.equal(202)
    const { jobExecutionId } = (await launched.json()) as { readonly jobExecutionId: string }
    const shown = await request(`/api/v1/executions/${jobExecutionId}?wait=30s`)
    expect(await shown.json()).to.have.property('status', 'COMPLETED')
    expect(await numbersOf('plain')).to.deep.equal(numbersTo(100))
    const metrics = await (await request('/metrics')).text()
    expect(metrics).to.match(/batch_launches_total\{[^}]*trigger="http"[^}]*\} 1/)
    await end(server)
  })

  it('at SIGTERM says that it is not ready, launches nothing, and stops what runs; the next one continues it', async () => {
    const server = await serve()
    await launch('interrupted', { pause: 40 })
    const polled = executionsOf('interrupted').then(([one]) =>
      request(`/api/v1/executions/${one?.id}?wait=60s`),
    )
    await pidOf('interrupted')
    server.kill('SIGTERM')
    await server.said('SIGTERM')
    const ready = await request('/readyz')
    expect(ready.status).to.equal(503)
    const refused = await launch('too late')
    expect(refused.status).to.equal(503)
    expect(refused.headers.get('retry-after')).to.match(/^\d+$/)
    expect((await polled).status).to.equal(200)
    const { exitCode, stderr } = await server.ended
    expect(exitCode, stderr).to.equal(0)
    const [stopped] = await executionsOf('interrupted')
    expect(stopped?.status).to.equal('STOPPED')
    const before = await numbersOf('interrupted')
    expect(before.length).to.be.greaterThan(0).and.lessThan(100)
    expect(before.length % 10, 'whole chunks').to.equal(0)

    const next = await serve()
    const ended = await until('interrupted', 'COMPLETED')
    expect(ended).to.have.lengthOf(2)
    expect(await numbersOf('interrupted')).to.deep.equal(numbersTo(100))
    await end(next)
  })

  it('leaves stopped what a person has stopped, and everything with --on-stopped leave', async () => {
    const server = await serve()
    // Longer than any machine takes to get to their ends; the third is to come to its own.
    await launch('stopped by a person', { pause: 20, to: 10_000 })
    await launch('stopped afterwards', { pause: 20, to: 10_000 })
    await pidOf('stopped by a person')
    await pidOf('stopped afterwards')
    const [execution] = await executionsOf('stopped by a person')
    expect((await request(`/api/v1/executions/${execution?.id}/stop`, {})).status).to.equal(202)
    await launch('left', { pause: 20, to: 300 })
    await pidOf('left')
    await end(server)
    const leaving = await serve('--on-stopped', 'leave')
    await launch('marker')
    await until('marker', 'COMPLETED')
    expect(await executionsOf('left')).to.have.lengthOf(1)
    const [interrupted] = await executionsOf('stopped afterwards')
    expect(interrupted?.status).to.equal('STOPPED')
    expect((await request(`/api/v1/executions/${interrupted?.id}/stop`, {})).status).to.equal(200)
    await end(leaving)
    const next = await serve()
    await until('left', 'COMPLETED')
    for (const run of ['stopped by a person', 'stopped afterwards'])
      expect((await executionsOf(run)).map(({ status }) => status)).to.deep.equal(['STOPPED'])
    await end(next)
  })

  it('continues what a process of its pool has left when it was killed, each row once', async () => {
    const server = await serve()
    await launch('killed process', { pause: 20 })
    const pid = await pidOf('killed process')
    process.kill(pid, 'SIGKILL')
    const ended = await until('killed process', 'COMPLETED')
    expect(ended.map(({ status }) => status)).to.deep.equal(['FAILED', 'COMPLETED'])
    expect(await numbersOf('killed process')).to.deep.equal(numbersTo(100))
    await end(server)
  })

  it('leaves no process behind when it is killed, and the next one continues what it ran', async () => {
    const server = await serve()
    await launch('killed server', { pause: 20 })
    const pid = await pidOf('killed server')
    server.kill('SIGKILL')
    await server.ended
    await expectGone([pid])
    const next = await serve()
    expect(await until('killed server', 'COMPLETED')).to.have.lengthOf(2)
    expect(await numbersOf('killed server')).to.deep.equal(numbersTo(100))
    await end(next)
  })

  it('continues a job that takes its process with it three times, and then leaves it FAILED', async () => {
    const server = await serve()
    await request('/api/v1/jobs/deadly/executions', { parameters: { run: 'deadly' } })
    await server.said('has lost its process 4 times in a row')
    const all = await until('deadly', 'FAILED')
    expect(all.map(({ status }) => status)).to.deep.equal(['FAILED', 'FAILED', 'FAILED', 'FAILED'])
    await end(server)
  })

  it('closes what its pool has lost as FAILED, and leaves it to a person, with --on-recovered leave', async () => {
    const server = await serve('--on-recovered', 'leave')
    await request('/api/v1/jobs/deadly/executions', { parameters: { run: 'deadly once' } })
    expect(await until('deadly once', 'FAILED')).to.have.lengthOf(1)
    await end(server)
  })

  it('fires schedules in a process of its own with --with-scheduler, which is begun again when it dies', async () => {
    const server = await serve('--with-scheduler')
    const ticks = async () => {
      const { rows } = await trial
        .database()
        .pool.query<{ pid: number }>(
          `select distinct pid from ${trial.database().schema}.served where run like 'tick %'`,
        )
      return rows.map(({ pid }) => pid)
    }
    let pids: readonly number[] = []
    while (pids.length === 0) pids = await ticks()
    process.kill(pids[0] as number, 'SIGKILL')
    while (pids.length < 2) pids = await ticks()
    await end(server)
    await expectGone(pids)
  })

  it('goes on with the trace of whoever launches, in whatever process the job runs', async () => {
    const caller = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'
    const printer = pathToFileURL(resolve('dist/test/cli/span-printer.js')).href
    const server = await serveWith({ NODE_OPTIONS: `--import ${printer}` }, '--config', TRACED)
    const launched = await fetch(`${trial.url()}/api/v1/jobs/load/executions?wait=30s`, {
      method: 'POST',
      body: JSON.stringify({ parameters: { run: 'traced' } }),
      headers: { 'Content-Type': 'application/json', traceparent: `00-${caller}-01` },
    })
    expect(launched.status).to.equal(200)
    await server.said(`span: job load of ${caller}`)
    await end(server)
  })

  it('gives up at a second signal, with 143', async () => {
    const server = await serve()
    await launch('given up', { pause: 300 })
    await pidOf('given up')
    server.kill('SIGTERM')
    await server.said('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, LONGER_THAN_ONE_PRESS))
    server.kill('SIGTERM')
    expect((await server.ended).exitCode).to.equal(143)
    expect((await until('given up', 'FAILED'))[0]?.exitMessage).to.contain('second signal')
  })

  it('is refused with 7 where another has the port, and with 2 where it would be open to everybody', async () => {
    const server = await serve()
    const environment = trial.environment()
    const second = await command(['serve', ...SERVED, '--port', String(trial.port())], { environment })
    expect(second.exitCode).to.equal(7)
    expect(second.stderr).to.contain('another process has it')
    const open = await command(['serve', ...SERVED, '--host', '0.0.0.0'], { environment })
    expect(open.exitCode).to.equal(2)
    expect(open.stderr).to.contain('has no tokens').and.contain('--insecure')
    const memory = await command(['serve', ...IN_MEMORY])
    expect(memory.exitCode).to.equal(2)
    expect(memory.stderr).to.contain("repository: 'memory'")
    await end(server)
  })

  it('warns where it is open to everybody all the same', async () => {
    const server = await serve('--host', '0.0.0.0', '--insecure')
    await server.said('warning: listening on 0.0.0.0 without tokens')
    const other = await fetch(`${trial.url()}/api/v1/jobs`, { headers: { Host: 'batch.internal' } })
    expect(other.status).to.equal(200)
    await end(server)
  })

  it('asks for the tokens that token create has made', async () => {
    const made = jsonOf(await command(['token', 'create', 'airflow', '--scopes', 'launch', '--json']))
    const file = await folder.file('tokens.json', JSON.stringify({ tokens: [made['record']] }))
    await writeFile(file, JSON.stringify({ tokens: [made['record']] }), { mode: 0o600 })
    Object.assign(trial.environment(), { BATCHWRIGHT_TOKENS_FILE: file })
    const server = await serve()
    expect((await request('/api/v1/jobs')).status).to.equal(401)
    const environment = { BATCHWRIGHT_SERVER: trial.url(), BATCHWRIGHT_TOKEN: String(made['token']) }
    const args = ['launch', 'load', 'run=with a token', '--wait', '60s', '--json']
    const launched = await command(args, { environment })
    expect(launched.exitCode, launched.stderr).to.equal(0)
    const by = jsonOf(launched)['operatorActions']
    expect(by).to.be.an('array').with.nested.property('[0].by', 'airflow')
    const refused = await command(args, { environment: { BATCHWRIGHT_SERVER: trial.url() } })
    expect(refused.exitCode).to.equal(2)
    expect(refused.stdout).to.contain('A token is needed').and.contain('BATCHWRIGHT_TOKEN')
    await end(server)
  })
})
