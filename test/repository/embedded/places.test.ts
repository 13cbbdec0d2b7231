/** Where a project may lie, and as whom it may run. */

import { chownSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { startEmbeddedPostgres } from '../../../src/repository/embedded/index.ts'
import { locateHome } from '../../../src/repository/embedded/locate-home.ts'
import { isRoot } from '../../../src/repository/embedded/server-account.ts'
import { holdPostgres } from './hold-postgres.ts'
import { nothingLeftRunning } from './left-running.ts'
import { installInto, makeProject, query, recordedHome, removeProject } from './project-folder.ts'

const NOBODY = { uid: 65534, gid: 65534 }

describe('embedded Postgres: places', function () {
  this.timeout(30_000)
  const folders: string[] = []
  const keep = (folder: string): string => {
    folders.push(folder)
    return folder
  }

  after(() => folders.forEach(removeProject))

  it('works in paths with spaces, quotes, commas, colons and letters beyond ASCII', async () => {
    const directory = join(keep(makeProject()), `Jürgens "Läufe", 100 % 夜間:バッチ 'x' \\`)
    await using postgres = await startEmbeddedPostgres({ directory })
    expect(await query(postgres.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
    await postgres.close()
    await nothingLeftRunning(directory)
  })

  it('works in paths far longer than a socket address, and says so where Postgres itself gives up', async () => {
    const deep = join(keep(makeProject()), ...Array.from({ length: 8 }, () => 'a-long-name-'.repeat(8)))
    expect(deep.length).to.be.above(700)
    await using postgres = await startEmbeddedPostgres({ directory: deep })
    expect(await query(postgres.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
    await postgres.close()
    const deeper = join(deep, 'b'.repeat(200))
    const error = String(
      await startEmbeddedPostgres({ directory: deeper }).catch((refused: unknown) => refused),
    )
    expect(error).to.match(/is \d+ bytes long, and Postgres can use 900. Choose a shorter directory/)
  })

  it('runs for an ordinary user', async function () {
    if (!isRoot()) {
      console.log('        skipped: the whole suite runs as an ordinary user already')
      return this.skip()
    }
    const project = keep(makeProject())
    const program = installInto(project)
    const own = join(project, 'own')
    mkdirSync(own)
    chownSync(own, NOBODY.uid, NOBODY.gid)
    const holder = await holdPostgres(join(own, 'postgres'), { program, ...NOBODY })
    expect(await query(holder.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
    expect(statSync(join(own, 'postgres/data')).uid).to.equal(NOBODY.uid)
    await holder.kill()
    await nothingLeftRunning(join(own, 'postgres'))
    // Root then goes on with what the user has made, as the user.
    await using postgres = await startEmbeddedPostgres({ directory: join(own, 'postgres') })
    expect(await query(postgres.connection, 'select 1 as one')).to.deep.equal([{ one: 1 }])
    await postgres.close()
    const again = await holdPostgres(join(own, 'postgres'), { program, ...NOBODY })
    await again.close()
  })

  it('runs for root in a project and a node_modules that nobody else can enter, and remembers where the data is', async function () {
    if (!isRoot()) {
      console.log('        skipped: needs root, who is the one to be sent elsewhere')
      return this.skip()
    }
    const project = keep(makeProject('/root'))
    const directory = join(project, '.batchwright/postgres')
    expect(statSync('/root').mode & 0o001, '/root is closed to others').to.equal(0)
    const holder = await holdPostgres(directory, { program: installInto(project) })
    await query(holder.connection, 'create table kept as select 42 as answer')
    const home = keep(recordedHome(directory) ?? expect.fail('the data lies in the project'))
    expect(existsSync(join(directory, 'data'))).to.equal(false)
    expect(statSync(join(home, 'data')).uid).to.not.equal(0)
    await holder.kill()
    await nothingLeftRunning(home)

    const copied = join(keep(makeProject('/root')), 'postgres')
    cpSync(directory, copied, { recursive: true })
    expect(keep(locateHome(copied).home.root), 'a copy of the project gets data of its own').to.not.equal(
      home,
    )

    const moved = join(keep(makeProject('/root')), 'postgres')
    renameSync(directory, moved)
    await using postgres = await startEmbeddedPostgres({ directory: moved })
    expect(await query(postgres.connection, 'select answer from kept')).to.deep.equal([{ answer: 42 }])
    await postgres.close()

    rmSync(home, { recursive: true })
    const error = String(
      await startEmbeddedPostgres({ directory: moved }).catch((refused: unknown) => refused),
    )
    expect(error).to.include(`is recorded to lie in ${home}, but there is none`).and.include('DATABASE_URL')
  })
})
