import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { pino } from 'pino'
import { createBatch } from '../../src/create-batch.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { busy } from './busy-process.ts'

const LEASE = 1_500
const BUSY = 5 * LEASE

describe('A process whose event loop is held up for several leases', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })
  after(() => database.close())

  it('keeps its lease from its thread: nobody takes it over, and it ends well', async () => {
    const order = {
      repository: { connection: database.connection, schema: database.schema, leaseMilliseconds: LEASE },
      leaseMilliseconds: LEASE,
      busyMilliseconds: BUSY,
    }
    const script = new URL('./busy-process.js', import.meta.url).pathname
    const child = spawn(process.execPath, [script, JSON.stringify(order)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const output = text(child.stdout)
    await once(child.stdout, 'data')
    await sleep(2.5 * LEASE)
    await using batch = createBatch({
      repository: await postgresRepository(order.repository),
      jobs: [busy],
      leaseMilliseconds: LEASE,
      logger: pino({ level: 'silent' }),
    })
    const refusal = await batch.operator.start(busy, { milliseconds: BUSY }).catch((error: unknown) => error)
    expect(isBatchError(refusal, 'JOB_EXECUTION_ALREADY_RUNNING'), String(refusal)).to.equal(true)
    const [execution] = await batch.operator.listJobExecutions({ limit: 1 })
    const owner = execution?.owner
    expect(owner?.leaseExpired).to.equal(false)
    expect(Number(owner?.heartbeatAt) - Number(owner?.since)).to.be.greaterThan(LEASE)
    expect(await batch.operator.recoverStale()).to.deep.equal([])
    expect(await output).to.include('ended COMPLETED')
  })
})
