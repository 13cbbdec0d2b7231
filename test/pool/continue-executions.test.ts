import { expect } from 'chai'
import { pino } from 'pino'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { BatchError } from '../../src/core/model/batch-error.ts'
import { continueExecutions, type Continuation } from '../../src/pool/continue-executions.ts'
import type { ExecutionPool, RestartOrder } from '../../src/pool/execution-pool.ts'
import { localPool } from '../../src/pool/local-pool.ts'
import { systemClock } from '../../src/process/system-clock.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { newName } from '../http/api-trial.ts'
import { gateOf, wait } from '../http/jobs.ts'

describe('A server that continues what servers have left', () => {
  let batch: Batch
  let pool: ExecutionPool
  let lines: string[]
  /** How many interrupted executions each turn has read. */
  let read: number[]

  beforeEach(() => {
    lines = []
    read = []
    const logger = pino({}, { write: (line) => void lines.push(line) })
    const memory = memoryRepository()
    const listInterrupted = async (except?: ReadonlySet<string>) => {
      const found = await memory.listInterrupted(except)
      read.push(found.length)
      return found
    }
    const repository = { ...memory, listInterrupted }
    batch = createBatch({ repository, jobs: [wait], leaseMilliseconds: 1000, logger })
    pool = localPool({ batch })
  })
  afterEach(async () => {
    await pool.drain('the test is over')
    await batch.close()
  })

  function continuing(restart: ExecutionPool['restart'], onStopped: Continuation = 'restart') {
    return continueExecutions({
      operator: batch.operator,
      repository: batch.repository,
      pool: { ...pool, restart },
      logger: batch.logger,
      clock: systemClock,
      by: 'the next server',
      onStopped,
      onRecovered: 'restart',
      everyMilliseconds: 1,
    })
  }

  async function interrupted(name = newName()): Promise<string> {
    const started = await batch.operator.startByName('wait', { name }, { runner: 'server' })
    await started.interrupt('the server ends')
    expect((await started.ended).execution.status).to.equal('STOPPED')
    gateOf(name).open()
    return started.execution.id
  }

  async function until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
  }

  async function isCompleted(id: string): Promise<boolean> {
    const { jobInstance } = await batch.operator.findJobExecution(id)
    const [latest] = await batch.operator.listJobExecutions({ jobInstanceId: jobInstance.id, limit: 1 })
    return latest?.status === 'COMPLETED'
  }

  it('is not kept from the others by one that goes wrong, and says so once', async () => {
    const [wrong, right] = [await interrupted(), await interrupted()]
    let tries = 0
    const server = continuing((order) => {
      if (order.jobExecutionId !== wrong) return pool.restart(order)
      tries += 1
      return Promise.reject(new Error('out of order'))
    })
    await until(async () => tries > 3 && (await isCompleted(right)))
    await server.end()
    expect(await isCompleted(wrong)).to.equal(false)
    expect(lines.filter((line) => line.includes('out of order'))).to.have.length(1)
  })

  it('tries again what another was faster with, and never what is refused', async () => {
    const [taken, refused] = [await interrupted(), await interrupted()]
    const tries = new Map<string, number>()
    const restart = ({ jobExecutionId }: RestartOrder) => {
      tries.set(jobExecutionId, (tries.get(jobExecutionId) ?? 0) + 1)
      const code = jobExecutionId === taken ? 'AT_CAPACITY' : 'JOB_DEFINITION_CHANGED'
      return Promise.reject(new BatchError(code, 'as the case says'))
    }
    const server = continuing(restart)
    await until(async () => (tries.get(taken) ?? 0) > 3)
    await server.end()
    expect(tries.get(refused)).to.equal(1)
    expect(lines.filter((line) => line.includes('is not continued'))).to.have.length(1)
  })

  it('leaves it where it is told to, and does not read it again', async () => {
    const id = await interrupted()
    const server = continuing(() => Promise.reject(new Error('nobody may ask')), 'leave')
    await until(async () => read.length > 2)
    await server.end()
    expect(read.slice(0, 3)).to.deep.equal([1, 0, 0])
    expect((await batch.operator.findJobExecution(id)).status).to.equal('STOPPED')
    expect(lines.filter((line) => line.includes('nobody may ask'))).to.deep.equal([])
  })
})
