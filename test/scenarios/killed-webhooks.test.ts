import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { jobEnd, launchJob } from '../repository/postgres/running-job.ts'
import { type Answer, receiver, type Receiver, SECRET, verified } from '../webhooks/receiver.ts'
import type { WebhookSetting } from './webhook-process.ts'

/** `.ci/run` asks for more of them. */
const KILLS = Math.min(Number(process.env['BATCHWRIGHT_TEST_KILLS'] ?? 4), 10)
const JOBS_A_KILL = 6

describe('Processes that send webhooks', function () {
  this.timeout(90_000)
  let database: TestDatabase
  let repository: JobRepository
  let senders: ChildProcess[] = []

  beforeEach(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
  })

  afterEach(async () => {
    await Promise.all(senders.map(kill))
    senders = []
    await repository.close()
    await database.close()
  })

  async function start(hooks: Receiver): Promise<ChildProcess> {
    const child = fork(new URL('./webhook-process.js', import.meta.url))
    senders.push(child)
    const { connection, schema } = database
    const setting: WebhookSetting = { connection, schema, url: hooks.url, secret: SECRET }
    child.send(setting)
    await once(child, 'message')
    return child
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async function runJob(): Promise<void> {
    const { claim } = await launchJob(repository, `${Math.random()}`)
    await repository.startJobExecution(claim)
    await repository.endJobExecution(claim, jobEnd('COMPLETED'))
  }

  async function untilDelivered(count: number): Promise<void> {
    const end = Date.now() + 60_000
    for (;;) {
      const [ops] = await repository.webhooks.listEndpoints()
      if (ops?.delivered === count && ops.pending === 0) return
      if (Date.now() > end) throw new Error(`it is ${JSON.stringify(ops)}, not ${count} delivered`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  it('one that is killed when it has sent, and not recorded, is followed by one that sends it again with the same id', async () => {
    let sender: ChildProcess | undefined
    // It dies before it has the answer, whatever that is.
    const answer: Answer = async () => {
      if (sender !== undefined) await kill(sender)
      sender = undefined
      return 200
    }
    await using hooks = await receiver(answer)
    sender = await start(hooks)
    await runJob()
    await hooks.until(1)
    const first = hooks.received[0]
    await start(hooks)
    await untilDelivered(2)
    const again = hooks.received.filter(
      ({ headers }) => headers['webhook-id'] === first?.headers['webhook-id'],
    )
    expect(again.length).to.equal(2)
    expect(new Set(again.map(({ body }) => body)).size).to.equal(1)
    expect(new Set(hooks.received.map((one) => verified(one).type)).size).to.equal(2)
  })

  it('three that are killed at random send every event, and never a second time under another id', async () => {
    await using hooks = await receiver(async () => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
      return Math.random() < 0.2 ? 500 : 200
    })
    const places = await Promise.all([1, 2, 3].map(() => start(hooks)))
    const jobs = KILLS * JOBS_A_KILL
    for (let turn = 0; turn < jobs; turn += 1) {
      await runJob()
      if ((turn + 1) % JOBS_A_KILL !== 0) continue
      const place = Math.floor(Math.random() * places.length)
      await kill(places[place] as ChildProcess)
      places[place] = await start(hooks)
    }
    await untilDelivered(jobs * 2)
    const events = new Map<string, Set<string>>()
    for (const one of hooks.received) {
      const { type, data } = verified(one)
      const key = `${type} ${String(data['jobExecutionId'])}`
      events.set(key, (events.get(key) ?? new Set()).add(one.headers['webhook-id'] ?? ''))
    }
    expect(events.size).to.equal(jobs * 2)
    expect([...events.values()].every((ids) => ids.size === 1)).to.equal(true)
  })

  it('two that are not disturbed send each delivery once', async () => {
    await using hooks = await receiver()
    await Promise.all([start(hooks), start(hooks)])
    await Promise.all(Array.from({ length: 40 }, runJob))
    await untilDelivered(80)
    expect(hooks.received.length).to.equal(80)
  })
})
