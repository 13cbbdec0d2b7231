/** The lock: one at a time, dead holders do not count. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { withFolderLock } from '../../../src/repository/embedded/folder-lock.ts'
import { isPidTaken } from '../../../src/process/process-start.ts'
import { identifyProcess, isRunning } from '../../../src/repository/embedded/running-process.ts'
import { makeProject, removeProject } from './project-folder.ts'

describe('embedded Postgres: folder lock', () => {
  let project: string

  beforeEach(() => {
    project = makeProject()
  })
  afterEach(() => removeProject(project))

  it('lets one in at a time after a holder that has died, and after one that died removing it', async () => {
    const lock = join(project, 'lock')
    // Our pid with another start time: the number was used again.
    symlinkSync(`${process.pid}-1-dead`, lock)
    symlinkSync(`${process.pid}-2-dead`, `${lock}.${process.pid}-1-dead`)
    let inside = 0
    const order: number[] = []
    const visits = Array.from({ length: 8 }, (_, index) =>
      withFolderLock(lock, async () => {
        inside += 1
        expect(inside).to.equal(1)
        await delay(2)
        order.push(index)
        inside -= 1
      }),
    )
    await Promise.all(visits)
    expect(order).to.have.members([0, 1, 2, 3, 4, 5, 6, 7])
    expect(readdirSync(project)).to.deep.equal([])
  })

  it('is given back when the work fails, and not waited for after the signal', async () => {
    const lock = join(project, 'lock')
    await withFolderLock(lock, () => Promise.reject(new Error('no'))).catch(() => undefined)
    await withFolderLock(lock, async () => {
      const late = withFolderLock(lock, () => 'never', AbortSignal.timeout(30))
      expect(await late.catch((error: Error) => error.name)).to.be.oneOf(['TimeoutError', 'AbortError'])
    })
    expect(readdirSync(project)).to.deep.equal([])
  })

  it('counts a zombie as dead, though its pid is taken', async function () {
    if (process.platform === 'win32') return this.skip()
    // The shell becomes a program that never asks for its children.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 20'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
    const pid = Number(line)
    while (identifyProcess(pid) !== undefined) await delay(5)
    expect(isPidTaken(pid)).to.equal(true)
    expect(isRunning(identifyProcess() ?? '')).to.equal(true)
    parent.kill('SIGKILL')
    await once(parent, 'exit')
  })
})
