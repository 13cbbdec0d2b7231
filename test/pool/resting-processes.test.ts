import { mock } from 'node:test'
import { expect } from 'chai'
import type { PoolProcess } from '../../src/pool/forked-process.ts'
import { restingProcesses } from '../../src/pool/resting-processes.ts'

describe('Processes of the pool that wait for work', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('end after a minute, but for the last one', () => {
    const ended: string[] = []
    const resting = restingProcesses(() => resting.size() <= 1)
    for (const name of ['first', 'second', 'third']) resting.add(processNamed(name, ended))
    mock.timers.tick(59_999)
    expect(ended).to.deep.equal([])
    mock.timers.tick(1)
    expect([ended, resting.size()]).to.deep.equal([['first', 'second'], 1])
  })

  it('do not end while they work, and the one that rested last is taken first', () => {
    const ended: string[] = []
    const resting = restingProcesses(() => false)
    for (const name of ['first', 'second']) resting.add(processNamed(name, ended))
    const taken = resting.take()
    mock.timers.tick(60_000)
    expect(ended).to.deep.equal(['first'])
    if (taken !== undefined) resting.add(taken)
    mock.timers.tick(60_000)
    expect(ended).to.deep.equal(['first', 'second'])
  })
})

function processNamed(name: string, ended: string[]): PoolProcess {
  return { end: () => void ended.push(name) } as unknown as PoolProcess
}
