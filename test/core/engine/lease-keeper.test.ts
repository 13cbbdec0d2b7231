import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { keepLease } from '../../../src/core/engine/lease-keeper.ts'
import type { BatchError } from '../../../src/core/model/batch-error.ts'
import type { BatchStatus } from '../../../src/core/model/batch-status.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'

const LEASE = 300

type Beat = Awaited<ReturnType<JobRepository['heartbeat']>>

async function kept(heartbeat: () => Promise<Beat>, milliseconds: number) {
  const told: { lost?: BatchError; stop?: BatchStatus } = {}
  const keeper = keepLease({
    repository: { ...memoryRepository(), heartbeat },
    claim: { jobExecutionId: '41', generation: '1' },
    leaseMilliseconds: LEASE,
    logger: pino({ level: 'silent' }),
    onLost: (error) => (told.lost = error),
    onStatus: (status) => (told.stop = status),
  })
  await sleep(milliseconds)
  const begun = performance.now()
  await keeper.close()
  return { ...told, closedIn: performance.now() - begun }
}

describe('The lease keeper', () => {
  it('says nothing while its beats are answered, also when one of them fails', async () => {
    let beats = 0
    const { lost } = await kept(async () => {
      beats += 1
      if (beats === 2) throw new Error('a blip')
      return { lease: 'held', jobStatus: 'STARTED' }
    }, LEASE * 3)
    expect(lost).to.equal(undefined)
    expect(beats).to.be.at.least(4)
  })

  it('ends the run when the execution was given to somebody else', async () => {
    const { lost } = await kept(async () => ({ lease: 'lost' }), LEASE)
    expect(lost?.code).to.equal('LEASE_LOST')
    expect(lost?.message).to.contain('Job execution 41')
  })

  it('ends the run when beats have failed for a whole lease', async () => {
    const { lost } = await kept(() => Promise.reject(new Error('no route')), LEASE * 3)
    expect(lost?.code).to.equal('LEASE_LOST')
  })

  it('ends the run when a beat is never answered, and does not wait for it in the end', async () => {
    const { lost, closedIn } = await kept(() => new Promise(() => {}), LEASE * 3)
    expect(lost?.code).to.equal('LEASE_LOST')
    expect(closedIn).to.be.below(2_000)
  })

  it('hears between two commits that the execution is to stop', async () => {
    const { stop } = await kept(async () => ({ lease: 'held', jobStatus: 'STOPPING' }), LEASE)
    expect(stop).to.equal('STOPPING')
  })
})
