/** A server of the compiled command on a database of its own, and what its jobs have left there. */
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { commandHere } from './command-here.ts'
import { type CommandEnd, environmentOf, FIXTURES, type RunningCommand, startCommand } from './command.ts'

export const SERVED: readonly string[] = ['--jobs', resolve(FIXTURES, 'served-jobs.ts')]

export interface ServedExecution {
  readonly id: string
  readonly status: string
  readonly exitMessage: string
}

export interface ServedTrial {
  readonly database: () => TestDatabase
  readonly environment: () => Readonly<Record<string, string>>
  readonly url: () => string
  readonly port: () => number
  /** Resolves when it serves. */
  readonly serve: (...args: string[]) => Promise<RunningCommand>
  readonly serveWith: (
    environment: Readonly<Record<string, string>>,
    ...args: string[]
  ) => Promise<RunningCommand>
  /** `batchwright launch`, to its end. */
  readonly launch: (...args: string[]) => Promise<CommandEnd>
  readonly request: (path: string, body?: object) => Promise<Response>
  /** Of the job's instance with this run, oldest first. */
  readonly executionsOf: (run: string) => Promise<readonly ServedExecution[]>
  /** The numbers written for a run, in the order of their size. */
  readonly numbersOf: (run: string) => Promise<readonly number[]>
  /** The process that has written one. */
  readonly pidOf: (run: string) => Promise<number>
  /** Resolves when the latest execution of the run has this status. */
  readonly until: (run: string, status: string) => Promise<readonly ServedExecution[]>
}

/** For a suite; servers that a test leaves are killed after it. */
export function servedTrial(): ServedTrial {
  let database: TestDatabase
  let environment: Readonly<Record<string, string>>
  let port = 0
  const servers: RunningCommand[] = []
  before(async () => {
    database = await testDatabase()
    environment = environmentOf(database)
    port = await freePort()
    await database.pool.query(`create table ${database.schema}.served (id integer, run text, pid integer)`)
  })
  afterEach(async () => {
    for (const one of servers) one.kill('SIGKILL')
    await Promise.all(servers.map(({ ended }) => ended))
  })
  after(() => database.close())
  const url = () => `http://127.0.0.1:${port}`
  const rows = async <R extends object>(sql: string, run: string): Promise<R[]> =>
    (await database.pool.query<R>(sql.replaceAll('@', `${database.schema}.`), [run])).rows
  const executionsOf = (run: string) =>
    rows<ServedExecution>(
      `select e.job_execution_id::text as id, e.status, e.exit_message as "exitMessage"
        from @batch_job_execution e join @batch_job_execution_params p using (job_execution_id)
        where p.parameter_name = 'run' and p.parameter_value = $1 order by e.job_execution_id`,
      run,
    )
  const soon = async <T>(look: () => Promise<T | undefined>, what: string): Promise<T> => {
    const end = Date.now() + 40_000
    for (;;) {
      const found = await look()
      if (found !== undefined) return found
      if (Date.now() > end) throw new Error(`not in time: ${what}`)
      await sleep(20)
    }
  }
  const serveWith: ServedTrial['serveWith'] = async (more, ...args) => {
    const server = startCommand(['serve', ...SERVED, '--port', String(port), ...args], {
      environment: { ...environment, ...more },
    })
    servers.push(server)
    await server.said('serving ')
    return server
  }
  return {
    database: () => database,
    environment: () => environment,
    url,
    port: () => port,
    serve: (...args) => serveWith({}, ...args),
    serveWith,
    launch: (...args) => commandHere(['launch', ...args], { environment: { BATCHWRIGHT_SERVER: url() } }),
    request: (path, body) =>
      fetch(
        `${url()}${path}`,
        body === undefined
          ? {}
          : { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } },
      ),
    executionsOf,
    numbersOf: async (run) =>
      (await rows<{ id: number }>('select id from @served where run = $1 order by id', run)).map(
        ({ id }) => id,
      ),
    pidOf: (run) =>
      soon(
        async () =>
          (await rows<{ pid: number }>('select pid from @served where run = $1 limit 1', run))[0]?.pid,
        `a row of ${run}`,
      ),
    until: (run, status) =>
      soon(async () => {
        const all = await executionsOf(run)
        return all.at(-1)?.status === status ? all : undefined
      }, `${run} is ${status}`),
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export function numbersTo(last: number): readonly number[] {
  return Array.from({ length: last }, (_, n) => n + 1)
}
