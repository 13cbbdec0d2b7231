/** kill -9 of whatever is there: users, the server, a start half way. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { expect } from 'chai'
import { Client } from 'pg'
import { homeAt } from '../../../src/repository/embedded/home.ts'
import { startEmbeddedPostgres } from '../../../src/repository/embedded/index.ts'
import { findPostmaster } from '../../../src/repository/embedded/postmaster.ts'
import { forkHolder, holdPostgres } from './hold-postgres.ts'
import { eventually, leftRunning, nothingLeftRunning } from './left-running.ts'
import { makeProject, query, removeProject } from './project-folder.ts'

describe('embedded Postgres: kills', function () {
  this.timeout(30_000)
  let project: string
  let directory: string

  before(() => {
    project = makeProject()
    directory = join(project, 'postgres')
  })
  afterEach(() => nothingLeftRunning(directory))
  after(() => removeProject(project))

  it('starts after a SIGKILL in the midst of initdb', async () => {
    const child = forkHolder(directory)
    const filesAside = (): number => {
      const [aside] = existsSync(directory)
        ? readdirSync(directory).filter((name) => name.startsWith('data.new-'))
        : []
      return aside === undefined ? 0 : readdirSync(join(directory, aside)).length
    }
    await eventually('initdb has made some of its files', () => filesAside() > 5)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(existsSync(join(directory, 'data'))).to.equal(false)
    await using postgres = await startEmbeddedPostgres({ directory })
    expect(await query(postgres.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('leaves nothing running within ten seconds of a kill -9 of its only user', async () => {
    const holder = await holdPostgres(directory)
    const client = new Client(holder.connection)
    client.on('error', () => undefined)
    await client.connect()
    await holder.kill()
    await nothingLeftRunning(directory, 10_000)
    expect(existsSync(holder.connection.host)).to.equal(false)
    await client.end()
  })

  it('goes on for the others when one user is killed', async () => {
    const killed = await holdPostgres(directory)
    await using survivor = await startEmbeddedPostgres({ directory })
    await killed.kill()
    const next = await holdPostgres(directory)
    await next.close()
    expect(await query(survivor.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('recovers all that was committed after a kill -9 of the server, past a backend that does not notice it', async () => {
    const before = await startEmbeddedPostgres({ directory })
    await query(before.connection, 'create table paid as select generate_series(1, 1000) as id')
    const busy = new Client(before.connection)
    busy.on('error', () => undefined)
    await busy.connect()
    const counting = busy.query('select count(*) from generate_series(1, 1000000000)').catch(() => 'cut')
    process.kill(findPostmaster(homeAt(directory).data)?.pid ?? expect.fail('no server'), 'SIGKILL')
    await using after = await startEmbeddedPostgres({ directory })
    expect(after.connection).to.deep.equal(before.connection)
    expect(await query(after.connection, 'select count(*)::int from paid')).to.deep.equal([{ count: 1000 }])
    expect(await counting).to.equal('cut')
    await before.close()
    expect(await query(after.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
  })

  it('ends the watcher too when the server was killed and its user then dies', async () => {
    const holder = await holdPostgres(directory)
    process.kill(findPostmaster(homeAt(directory).data)?.pid ?? expect.fail('no server'), 'SIGKILL')
    await holder.kill()
    await nothingLeftRunning(directory, 10_000)
  })

  it('survives that everything is killed at once, the watcher included', async () => {
    const holder = await holdPostgres(directory)
    for (const line of leftRunning(directory)) killIfThere(Number.parseInt(line))
    await holder.kill()
    await using postgres = await startEmbeddedPostgres({ directory })
    expect(await query(postgres.connection, 'select count(*)::int from paid')).to.deep.equal([
      { count: 1000 },
    ])
  })

  it('stops the server of a project that was deleted under it', async () => {
    const holder = await holdPostgres(directory)
    removeProject(directory)
    await nothingLeftRunning(directory, 10_000)
    await eventually('its socket is removed', () => !existsSync(holder.connection.host))
    await holder.kill()
  })
})

/** A child of one that was killed a moment ago may be gone before its turn comes. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
