import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { OwnerIdentity } from '../../src/core/model/execution-owner.ts'
import { processIdentity, processState } from '../../src/process/process-identity.ts'
import { isPidTaken, processStart } from '../../src/process/process-start.ts'

/** As the process would have named itself. */
function identityOf(pid: number): OwnerIdentity {
  const start = processStart(pid)
  if (start.state !== 'running') throw new Error(`process ${pid} does not run`)
  return { ...processIdentity(), pid, processStart: start.startedAt }
}

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code })
  }
}

describe('The state of an owner', function () {
  before(function () {
    if (process.platform !== 'linux') this.skip()
  })

  it('is alive for this process and for another one that runs', async () => {
    expect(processState(processIdentity())).to.equal('alive')
    const child = spawn('sleep', ['20'])
    try {
      expect(processState(identityOf(child.pid ?? 0))).to.equal('alive')
    } finally {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  it('is dead when the process has ended', async () => {
    const child = spawn('sleep', ['20'])
    const owner = identityOf(child.pid ?? 0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(processState(owner)).to.equal('dead')
  })

  it('is dead for a zombie, though its pid is taken', async () => {
    // The shell becomes a program that never asks for its children.
    const parent = spawn('sh', ['-c', 'sleep 20 & echo $!; exec sleep 20'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
      const owner = identityOf(Number(line))
      while (readFileSync(`/proc/${parent.pid}/comm`, 'utf8').trim() !== 'sleep') await delay(5)
      process.kill(owner.pid, 'SIGKILL')
      while (processStart(owner.pid).state === 'running') await delay(5)
      expect(isPidTaken(owner.pid)).to.equal(true)
      expect(processState(owner)).to.equal('dead')
    } finally {
      parent.kill('SIGKILL')
      await once(parent, 'exit')
    }
  })

  it('is dead when a later process has its pid', () => {
    expect(processState({ ...processIdentity(), processStart: '1' })).to.equal('dead')
  })

  it('is unknown on another host, after another boot, in another pid namespace, and where it did not tell', () => {
    const gone = { ...processIdentity(), processStart: '1' }
    const others: readonly Partial<OwnerIdentity>[] = [
      { host: 'another' },
      { bootId: 'another' },
      { bootId: null },
      { pidNamespace: 'pid:[1]' },
      { pidNamespace: null },
      { processStart: null },
    ]
    for (const other of others)
      expect(processState({ ...gone, ...other }), JSON.stringify(other)).to.equal('unknown')
  })

  it('is unknown when we do not know our own boot or namespace', () => {
    const owner = processIdentity()
    expect(processState(owner, { ...owner, bootId: null })).to.equal('unknown')
    expect(processState(owner, { ...owner, pidNamespace: null })).to.equal('unknown')
  })

  it('is unknown, never dead, when the system does not say when the process began', () => {
    for (const code of ['EMFILE', 'ENFILE', 'EACCES', 'EPERM', 'EIO']) {
      const state = processState(processIdentity(), processIdentity(), (pid) =>
        processStart(pid, failing(code)),
      )
      expect(state, code).to.equal('unknown')
    }
  })
})

describe('The start of a process', () => {
  it('is unknown where /proc hides a process that the kernel knows', () => {
    expect(processStart(process.pid, failing('ENOENT')).state).to.equal('unknown')
    expect(processStart(process.pid, failing('ESRCH')).state).to.equal('unknown')
  })

  it('is none where the kernel does not know the pid either', async () => {
    const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(child, 'exit')
    const pid = child.pid ?? 0
    expect(processStart(pid, failing('ENOENT')).state).to.equal('ended')
    expect(processStart(pid, failing('EACCES')).state).to.equal('unknown')
  })

  it('is found behind a name with spaces and parentheses', () => {
    const stat = `7 (a) Z (b c) S ${'0 '.repeat(18)}4711 0 0`
    expect(processStart(7, () => stat)).to.deep.equal({ state: 'running', startedAt: '4711' })
    expect(processStart(7, () => '7 (cut').state).to.equal('unknown')
  })
})
