/** One server for all processes of a project: first start, reuse, races, and the last one out. */

import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startEmbeddedPostgres } from '../../../src/repository/embedded/index.ts'
import { findPostmaster } from '../../../src/repository/embedded/postmaster.ts'
import { holdPostgres } from './hold-postgres.ts'
import { eventually, leftRunning, nothingLeftRunning } from './left-running.ts'
import { makeProject, query, removeProject } from './project-folder.ts'

describe('embedded Postgres: sharing', function () {
  this.timeout(30_000)
  let project: string
  let directory: string

  before(() => {
    project = makeProject()
    directory = join(project, '.batchwright/postgres')
  })
  afterEach(() => nothingLeftRunning(directory))
  after(() => removeProject(project))

  it('starts a durable Postgres 18 in UTF-8 and UTC from nothing, when four processes race for it', async () => {
    const holders = await Promise.all([1, 2, 3, 4].map(() => holdPostgres(directory)))
    const pids = await Promise.all(
      holders.map(({ connection }) =>
        query(connection, 'select pg_postmaster_start_time()::text as started'),
      ),
    )
    expect(new Set(pids.map(([row]) => row?.['started']))).to.have.length(1)
    const [settings] = await query(
      holders[0]?.connection ?? expect.fail('no holder'),
      `select current_setting('server_version_num')::int / 10000 as major, current_setting('fsync') as fsync,
              current_setting('server_encoding') as encoding, current_setting('timezone') as timezone,
              current_setting('listen_addresses') as addresses, current_setting('max_connections') as connections,
              current_database() as database, upper('éß') as upper`,
    )
    expect(settings).to.deep.equal({
      major: 18,
      fsync: 'on',
      encoding: 'UTF8',
      timezone: 'UTC',
      addresses: '',
      connections: '50',
      database: 'batchwright',
      upper: 'Éß',
    })
    await Promise.all(holders.map(({ close }) => close()))
  })

  it('keeps the data, and gives a second process the same server in a moment', async () => {
    const first = await startEmbeddedPostgres({ directory })
    await query(first.connection, 'create table kept as select 42 as answer')
    const second = await holdPostgres(directory)
    expect(second.connection).to.deep.equal(first.connection)
    expect(second.took).to.be.below(500)
    await first.close()
    expect(await query(second.connection, 'select answer from kept')).to.deep.equal([{ answer: 42 }])
    await second.close()
    const third = await startEmbeddedPostgres({ directory })
    expect(await query(third.connection, 'select answer from kept')).to.deep.equal([{ answer: 42 }])
    await third.close()
  })

  it('counts each handle of one process, closes once however often it is asked, and the last one out stops it', async () => {
    await using first = await startEmbeddedPostgres({ directory })
    const second = await startEmbeddedPostgres({ directory })
    await Promise.all([second.close(), second.close()])
    expect(await query(first.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
    await first.close()
    expect(leftRunning(directory).filter((line) => !line.includes('watcher.js'))).to.deep.equal([])
  })

  it('lets newcomers in while others leave', async () => {
    const rounds = Array.from({ length: 4 }, async () => {
      for (let round = 0; round < 5; round += 1) {
        await using postgres = await startEmbeddedPostgres({ directory })
        expect(await query(postgres.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
      }
    })
    await Promise.all(rounds)
  })

  it('finds the same server through a symbolic link and by its default path', async () => {
    const here = process.cwd()
    process.chdir(project)
    try {
      await using byDefault = await startEmbeddedPostgres()
      expect(byDefault.directory).to.equal(directory)
      symlinkSync(project, join(project, 'link'))
      await using linked = await startEmbeddedPostgres({
        directory: join(project, 'link/.batchwright/postgres'),
      })
      expect(linked.connection).to.deep.equal(byDefault.connection)
    } finally {
      process.chdir(here)
    }
  })

  it('gives up at the signal, and leaves nothing behind', async () => {
    const fresh = join(project, 'aborted')
    const abort = new AbortController()
    const starting = startEmbeddedPostgres({ directory: fresh, signal: abort.signal })
    await eventually('initdb runs', () => readdirSync(fresh).some((name) => name.startsWith('data.new-')))
    abort.abort(new Error('enough'))
    expect(String(await starting.catch((error: unknown) => error))).to.equal('Error: enough')
    expect(findPostmaster(join(fresh, 'data'))).to.equal(undefined)
    await nothingLeftRunning(fresh)
  })

  it('names the versions and the remedy when the data is of another Postgres', async () => {
    const old = join(project, 'old')
    mkdirSync(join(old, 'data'), { recursive: true })
    writeFileSync(join(old, 'data/PG_VERSION'), '17\n')
    const error = String(await startEmbeddedPostgres({ directory: old }).catch((refused: unknown) => refused))
    expect(error).to.include('was made by Postgres 17, and the installed binaries are Postgres 18')
    expect(error).to.include('pg_dump').and.include('DATABASE_URL')
  })
})
