import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { commandHere } from './command-here.ts'
import { jsonOf, type RunningCommand, startCommand } from './command.ts'
import { freePort, numbersTo, SERVED, servedTrial } from './served.ts'

describe('The command launch', function () {
  this.timeout(90_000)
  const trial = servedTrial()
  const { serve, launch, request, executionsOf, numbersOf, pidOf, until } = trial

  async function executionId(run: string): Promise<string> {
    await until(run, 'STARTED')
    return (await executionsOf(run)).at(-1)?.id ?? ''
  }

  it('ends with 0 when it is launched, or with --wait with the outcome, as run would', async () => {
    await serve('--concurrency', '1')
    const launched = await launch('load', 'run=launched')
    expect(launched.exitCode, launched.stderr).to.equal(0)
    expect(launched.stdout).to.match(/^Execution \d+ of job load \(instance \d+\): STARTING on http/)
    await until('launched', 'COMPLETED')

    const rows: readonly (readonly [args: readonly string[], exitCode: number, said: string])[] = [
      [['load', 'run=done', '--wait'], 0, 'COMPLETED'],
      [['failing', 'run=a', '--wait', '60s'], 1, 'TypeError: cannot be done'],
      [['laod', 'run=a'], 2, 'Did you mean load?'],
      [['load', 'runn=a'], 2, 'runn: no such parameter. Did you mean run?'],
      [['load', 'run=done'], 4, 'was completed by execution'],
      [['skipping', 'run=a', '--wait', '1m'], 10, 'COMPLETED'],
    ]
    for (const [args, exitCode, said] of rows) {
      const ended = await launch(...args)
      expect(ended.exitCode, `${args.join(' ')}: ${ended.stderr}`).to.equal(exitCode)
      expect(ended.stdout + ended.stderr).to.contain(said)
    }
    const existing = await launch('load', 'run=done', '--on-existing', 'return', '--wait', '--json')
    expect([existing.exitCode, jsonOf(existing)['status']]).to.deep.equal([0, 'COMPLETED'])

    // One runs here, and no more may.
    expect((await launch('load', 'run=long', 'to=2000', 'pause=30')).exitCode).to.equal(0)
    const id = await executionId('long')
    const full = await launch('load', 'run=one too many')
    expect(full.exitCode, full.stderr).to.equal(7)
    const ranOut = await launch('load', 'run=long', 'to=2000', '--on-existing', 'return', '--wait', '0.1s')
    expect(ranOut.exitCode, 'what runs needs no place').to.equal(8)
    const keyed = await launch('load', 'run=long', 'to=2000', '--idempotency-key', 'new')
    expect(keyed.exitCode, keyed.stderr).to.equal(5)
    const metrics = await (await request('/metrics')).text()
    for (const result of ['at_capacity', 'existing', 'job_execution_already_running'])
      expect(metrics).to.match(new RegExp(`batch_launches_total\\{job="load",.*result="${result}"\\} [1-9]`))
    await request(`/api/v1/executions/${id}/stop`, {})
    await until('long', 'STOPPED')
  })

  it('ends with 3 when it was stopped, with 5 when it runs, with 6 when it is abandoned, with 8 when the wait ran out', async () => {
    await serve()
    const waiting = startCommand(['launch', 'load', 'run=stopped', 'to=2000', 'pause=30', '--wait'], {
      environment: { BATCHWRIGHT_SERVER: trial.url() },
    })
    const id = await executionId('stopped')
    expect((await launch('load', 'run=stopped', 'to=2000')).exitCode).to.equal(5)
    const ranOut = await launch('load', 'run=stopped', 'to=2000', '--on-existing', 'return', '--wait', '0.2s')
    expect(ranOut.exitCode, ranOut.stderr).to.equal(8)
    expect(ranOut.stderr).to.contain(`execution ${id} has not ended in time, and goes on`)
    await request(`/api/v1/executions/${id}/stop`, {})
    const stopped = await waiting.ended
    expect(stopped.exitCode, stopped.stderr).to.equal(3)
    await request(`/api/v1/executions/${id}/abandon`, {})
    const abandoned = await launch('load', 'run=stopped', 'to=2000')
    expect(abandoned.exitCode, abandoned.stderr).to.equal(6)
  })

  it('ends with 7 when there is no server, and with 2 when none is named', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`
    const unreachable = await commandHere(['launch', 'load', '--wait', '--server', nobody])
    expect(unreachable.exitCode).to.equal(7)
    expect(unreachable.stderr).to.contain('ECONNREFUSED').and.contain('Nothing was launched')
    const unnamed = await commandHere(['launch', 'load'])
    expect(unnamed.exitCode).to.equal(2)
    expect(unnamed.stderr).to.contain('BATCHWRIGHT_SERVER')
  })

  it('takes a key for one attempt: asked again with it, it gets the same execution', async () => {
    await serve()
    const args = ['load', 'run=keyed', '--idempotency-key', 'eod/1', '--trigger', 'airflow:eod', '--json']
    const first = jsonOf(await launch(...args))
    await until('keyed', 'COMPLETED')
    const again = await launch(...args, '--wait')
    expect([again.exitCode, jsonOf(again)['jobExecutionId']]).to.deep.equal([0, first['jobExecutionId']])
    expect(jsonOf(again)['launch']).to.deep.include({ trigger: { type: 'external', name: 'airflow:eod' } })
    const other = await launch('load', 'run=another', '--idempotency-key', 'eod/1')
    expect(other.exitCode, other.stderr).to.equal(2)
    const unsendable = await launch('load', 'run=another', '--idempotency-key', '€')
    expect([unsendable.exitCode, unsendable.stderr.includes('printable characters')]).to.deep.equal([2, true])
  })

  it('launches once although the answer is lost, and it has to ask again', async () => {
    await serve()
    const proxy = await losingProxy(trial.url())
    const ended = await commandHere(['launch', 'load', 'run=lost', '--next', '--wait'], {
      environment: { BATCHWRIGHT_SERVER: proxy.url },
    })
    proxy.server.close()
    expect(ended.exitCode, ended.stderr).to.equal(0)
    expect(proxy.posts()).to.equal(2)
    expect(ended.stderr).to.contain('asked again')
    expect(await executionsOf('lost')).to.have.lengthOf(1)
  })

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`waits on over a ${signal} of the server, to the end of the execution that continues it`, async () => {
      const server: RunningCommand = await serve()
      const run = `over ${signal}`
      const waiting = startCommand(['launch', 'load', `run=${run}`, 'pause=30', '--wait', '--json'], {
        environment: { BATCHWRIGHT_SERVER: trial.url() },
      })
      await pidOf(run)
      server.kill(signal)
      await server.ended
      await serve()
      const ended = await waiting.ended
      expect(ended.exitCode, ended.stderr).to.equal(0)
      expect(ended.stderr).to.match(/execution \d+ is (STOPPED|FAILED); execution \d+ continues it/)
      const all = await executionsOf(run)
      expect(all).to.have.lengthOf(2)
      expect(jsonOf(ended)['jobExecutionId']).to.equal(all[1]?.id)
      expect(await numbersOf(run)).to.deep.equal(numbersTo(100))
    })
  }

  it('prints the document of the API with openapi', async () => {
    const { exitCode, stdout } = await commandHere(['openapi', ...SERVED])
    expect(exitCode).to.equal(0)
    const document = JSON.parse(stdout) as { openapi: string; paths: Record<string, unknown> }
    expect(document.openapi).to.equal('3.1.0')
    expect(Object.keys(document.paths)).to.include('/api/v1/jobs/{job}/executions')
    expect(stdout).to.contain('pause')
  })

  it('makes tokens of which the record holds only the hash, and refuses scopes that there are not', async () => {
    const made = await commandHere(['token', 'create', 'anna', '--scopes', 'read,launch'])
    expect(made.exitCode).to.equal(0)
    expect(made.stdout).to.match(/^bw_[\w-]{43}\n$/)
    expect(made.stderr).to.contain('"name":"anna","scopes":["read","launch"],"sha256":"')
    expect(made.stderr).to.not.contain(made.stdout.trim())
    const wrong = await commandHere(['token', 'create', 'anna', '--scopes', 'everything'])
    expect(wrong.exitCode).to.equal(2)
  })
})

interface LosingProxy {
  readonly server: Server
  readonly url: string
  readonly posts: () => number
}

/** Passes everything on, but cuts the connection when the first POST has been answered. */
async function losingProxy(target: string): Promise<LosingProxy> {
  let posts = 0
  const pass = async ({ method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer) => {
    const key = headers['idempotency-key']
    return fetch(`${target}${url}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(typeof key === 'string' && { 'Idempotency-Key': key }),
      },
      ...(method === 'POST' && { body }),
    })
  }
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const response = await pass(incoming, await buffer(incoming))
    const text = await response.text()
    if (incoming.method === 'POST' && (posts += 1) === 1) incoming.socket.destroy()
    else outgoing.writeHead(response.status, { 'Content-Type': 'application/json' }).end(text)
  }
  const server = createServer((incoming, outgoing) => void answer(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts: () => posts,
  }
}
