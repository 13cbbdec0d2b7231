/** The ways to launch that are compared: a server's processes, the handler mounted in this one, and the operator without HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { getRequestListener } from '@hono/node-server'
import { type Batch, createBatch } from 'batchwright'
import { createHttpApi, localPool } from 'batchwright/http'
import { postgresRepository } from 'batchwright/repository/postgres'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'
import { trivial } from './trivial-job.ts'

export interface Launcher extends AsyncDisposable {
  /** Answers the execution's id, or undefined where there is no room. */
  readonly launch: (round: string) => Promise<string | undefined>
}

const NO_ROOM = 429

async function launchAt(url: string, round: string): Promise<string | undefined> {
  const response = await fetch(`${url}/api/v1/jobs/trivial/executions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ parameters: { round } }),
  })
  const answer = (await response.json()) as { readonly jobExecutionId: string }
  if (response.status === 202) return answer.jobExecutionId
  if (response.status === NO_ROOM) return undefined
  throw new Error(`the launch was answered with ${JSON.stringify(answer)}`)
}

export interface Place {
  readonly connection: PoolConfig
  readonly schema: string
}

/** `batchwright serve`, and so many executions at once, each in a process. */
export async function serverProcesses({ connection, schema }: Place, concurrency: number): Promise<Launcher> {
  const { host = '', port = 0, user = '', database = '' } = connection
  const environment = {
    ...process.env,
    DATABASE_URL: `postgres://${user}@/${database}?host=${encodeURIComponent(host)}&port=${port}`,
    BATCHWRIGHT_SCHEMA: schema,
  }
  const options = [
    '--port',
    '0',
    '--concurrency',
    String(concurrency),
    '--jobs',
    'dist/bench/launch/trivial-job.js',
  ]
  const child = spawn(process.execPath, ['dist/src/cli/bin.js', 'serve', '--json', ...options], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { url } = JSON.parse(line) as { readonly url: string }
  return { launch: (round) => launchAt(url, round), [Symbol.asyncDispose]: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM')
  await once(child, 'close')
}

/** The handler in this process, and the executions too. */
export async function mountedHandler(place: Place, concurrency: number): Promise<Launcher> {
  const batch = await openBatch(place, concurrency)
  const pool = localPool({ batch, limit: concurrency })
  const api = createHttpApi({ batch, pool, anonymous: 'loopback' })
  const answer = getRequestListener(api.fetch)
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    launch: (round) => launchAt(url, round),
    [Symbol.asyncDispose]: async () => {
      api.close()
      server.closeAllConnections()
      server.close()
      await pool.drain('the benchmark is over')
      await batch.close()
    },
  }
}

/** No HTTP at all: each caller waits for its own run. */
export async function operatorAlone(place: Place, concurrency: number): Promise<Launcher> {
  const batch = await openBatch(place, concurrency)
  return {
    launch: async (round) => {
      const started = await batch.operator.start(trivial, { round })
      await started.ended
      return started.execution.id
    },
    [Symbol.asyncDispose]: () => batch.close(),
  }
}

async function openBatch({ connection, schema }: Place, concurrency: number): Promise<Batch> {
  const repository = await postgresRepository({ connection, schema, poolSize: 2 * concurrency + 2 })
  return createBatch({ repository, jobs: [trivial], logger: pino({ level: 'silent' }) })
}
