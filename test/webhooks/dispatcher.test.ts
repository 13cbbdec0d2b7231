import { expect } from 'chai'
import { pino } from 'pino'
import type { BatchEvent } from '../../src/core/model/batch-event.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { createWebhookDispatcher, type WebhookOptions } from '../../src/webhooks/dispatcher.ts'
import type { WebhookConfig } from '../../src/webhooks/webhook-config.ts'
import { openWebhookEndpoints } from '../../src/webhooks/webhook-endpoint.ts'
import { jobEnd, launchJob } from '../repository/postgres/running-job.ts'
import { type Answer, receiver, SECRET, verified } from './receiver.ts'

const DAY = 86_400_000
const QUICK: WebhookOptions = {
  everyMilliseconds: 5,
  timeoutMilliseconds: 2000,
  retries: { firstMilliseconds: 10, longestMilliseconds: 40, giveUpAfterMilliseconds: 60_000 },
}

describe('The dispatcher of webhooks', () => {
  let repository: JobRepository
  let lines: string[]

  beforeEach(() => {
    repository = memoryRepository()
    lines = []
  })

  function dispatcher(configs: readonly WebhookConfig[], options: WebhookOptions = {}) {
    const logger = pino({ level: 'trace' }, { write: (line: string) => lines.push(line) })
    const endpoints = openWebhookEndpoints(configs, {}, ['job'])
    return createWebhookDispatcher({ repository, logger }, endpoints, { ...QUICK, ...options })
  }

  const config = (url: string, more: Partial<WebhookConfig> = {}): WebhookConfig => ({
    name: 'ops',
    url,
    secret: SECRET,
    ...more,
  })

  async function runOne(status: 'COMPLETED' | 'FAILED' = 'COMPLETED'): Promise<string> {
    const { claim } = await launchJob(repository)
    await repository.startJobExecution(claim)
    await repository.endJobExecution(claim, jobEnd(status))
    return claim.jobExecutionId
  }

  /** Looked at again and again, because nobody tells of it. */
  async function eventually(check: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 10_000
    while (!(await check())) {
      if (Date.now() > end) throw new Error('it has not come to that within 10 s')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  const stateOf = async (name = 'ops') => {
    const found = (await repository.webhooks.listEndpoints()).find(({ endpoint }) => endpoint === name)
    if (found === undefined) throw new Error(`no endpoint ${name}`)
    return found
  }

  it('sends each event once, signed, with what has happened and no parameters', async () => {
    await using hooks = await receiver()
    await using _ = await dispatcher([config(hooks.url)])
    const id = await runOne()
    const [first, second] = await hooks.until(2)
    await eventually(async () => (await stateOf()).delivered === 2)
    expect(hooks.received.length).to.equal(2)
    if (first === undefined || second === undefined) throw new Error('nothing came')
    expect([verified(first).type, verified(second).type]).to.have.members([
      'execution.started',
      'execution.completed',
    ])
    const completed = [first, second]
      .map((one) => verified(one))
      .find(({ type }) => type === 'execution.completed')
    const details = await repository.findJobExecution(id)
    expect(completed?.data).to.deep.equal({
      jobExecutionId: id,
      jobInstanceId: details?.jobInstance.id,
      jobName: 'job',
      status: 'COMPLETED',
      exitCode: 'COMPLETED',
      exitMessage: details?.exitStatus.exitDescription,
      startTime: details?.startTime?.toISOString(),
      endTime: details?.endTime?.toISOString(),
    })
    expect(Date.parse(completed?.timestamp ?? '')).to.be.closeTo(Date.now(), 60_000)
    const { headers } = first
    expect(headers['content-type']).to.equal('application/json')
    expect(headers['webhook-id']).to.match(/^msg_/)
    expect(headers['webhook-id']).to.not.equal(second.headers['webhook-id'])
    expect(Number(headers['webhook-timestamp'])).to.be.closeTo(Date.now() / 1000, 60)
  })

  it('deletes what was delivered 30 days ago, and the events of then, within the hour', async () => {
    const clock = fakeClock()
    repository = memoryRepository({ clock })
    await using hooks = await receiver()
    await using _ = await dispatcher([config(hooks.url)], { clock, everyMilliseconds: 1_800_000 })
    const { cursor } = await repository.events.look()
    await runOne()
    await clock.untilSleeping()
    await clock.advance(1_800_000)
    await hooks.until(2)
    await eventually(async () => (await stateOf()).delivered === 2)
    const kept = async () => [
      (await repository.events.look(cursor)).events.length,
      (await stateOf()).delivered,
    ]
    await clock.untilSleeping()
    await clock.advance(30 * DAY - 3_600_000)
    await clock.untilSleeping()
    expect(await kept()).to.deep.equal([2, 2])
    await clock.advance(2 * 3_600_000)
    await clock.untilSleeping()
    expect(await kept()).to.deep.equal([0, 0])
  })

  it('signs with two secrets while one is being changed', async () => {
    const old = `whsec_${Buffer.alloc(24, 1).toString('base64')}`
    await using hooks = await receiver()
    await using _ = await dispatcher([config(hooks.url, { secret: `${SECRET} ${old}` })])
    await runOne()
    const [first] = await hooks.until(1)
    if (first === undefined) throw new Error('nothing came')
    expect(verified(first, old)).to.deep.equal(verified(first, SECRET))
    expect(() => verified(first, `whsec_${Buffer.alloc(24, 2).toString('base64')}`)).to.throw()
  })

  it('sends only events and jobs that the endpoint asks for', async () => {
    await using hooks = await receiver()
    await using others = await receiver()
    await using _ = await dispatcher([
      config(hooks.url, { events: ['execution.failed'], jobs: ['job'] }),
      config(others.url, { name: 'missed', events: ['schedule.missed'] }),
    ])
    await runOne('COMPLETED')
    await repository.schedules.record([new Date(0)], {
      schedule: 'nightly',
      jobName: 'job',
      outcome: 'MISSED',
      by: 'a test',
      detail: 'nobody was there',
    })
    await runOne('FAILED')
    const [failed] = await hooks.until(1)
    const [missed] = await others.until(1)
    if (failed === undefined || missed === undefined) throw new Error('nothing came')
    await eventually(
      async () => (await stateOf()).delivered === 1 && (await stateOf('missed')).delivered === 1,
    )
    expect(verified(failed).data['status']).to.equal('FAILED')
    expect(verified(missed).data).to.deep.equal({
      schedule: 'nightly',
      jobName: 'job',
      firstSlot: '1970-01-01T00:00:00.000Z',
      lastSlot: '1970-01-01T00:00:00.000Z',
      slots: 1,
      detail: 'nobody was there',
    })
    expect([hooks.received.length, others.received.length]).to.deep.equal([1, 1])
  })

  it('a receiver that is down for a while loses nothing, and sees the same id and bytes again', async () => {
    let isUp = false
    await using hooks = await receiver(() => (isUp ? 200 : 503))
    await using _ = await dispatcher([config(hooks.url)])
    for (let turn = 0; turn < 5; turn += 1) await runOne()
    await hooks.until(30)
    expect((await stateOf()).failing).to.be.greaterThan(0)
    isUp = true
    await eventually(async () => (await stateOf()).delivered === 10)
    const taken = new Map(hooks.received.map(({ headers, body }) => [headers['webhook-id'], body]))
    expect(taken.size).to.equal(10)
    for (const { headers, body } of hooks.received) expect(taken.get(headers['webhook-id'])).to.equal(body)
    for (const one of hooks.received) verified(one)
    expect(await stateOf()).to.include({ pending: 0, givenUp: 0, lastError: null })
  })

  it('a receiver that cannot be reached is tried again', async () => {
    const gone = await receiver()
    await gone[Symbol.asyncDispose]()
    await using _ = await dispatcher([config(gone.url, { events: ['execution.failed'] })])
    await runOne('FAILED')
    await eventually(async () => (await stateOf()).failing === 1)
    expect((await stateOf()).lastError).to.match(/ECONNREFUSED/)
    await using back = await receiver(() => 200, Number(new URL(gone.url).port))
    await back.until(1)
    await eventually(async () => (await stateOf()).delivered === 1)
  })

  it('gives up in the end, which is logged and stays visible, and can be retried', async () => {
    let isUp = false
    await using hooks = await receiver(() => (isUp ? 200 : 500))
    const gaveUp: string[] = []
    await using _ = await dispatcher([config(hooks.url, { events: ['execution.completed'] })], {
      retries: { firstMilliseconds: 5, longestMilliseconds: 10, giveUpAfterMilliseconds: 50 },
      observer: { gaveUp: ({ endpoint }, error) => gaveUp.push(`${endpoint} ${error}`) },
    })
    await runOne()
    await eventually(async () => (await stateOf()).givenUp === 1)
    await eventually(async () => gaveUp.length === 1)
    expect(gaveUp).to.deep.equal(['ops HTTP 500'])
    const [delivery] = await repository.webhooks.listDeliveries({ state: 'given-up', limit: 2 })
    expect(delivery?.attempts).to.be.greaterThan(2)
    expect(lines.join('')).to.contain(`batchwright webhooks retry ${delivery?.id}`)
    isUp = true
    await repository.webhooks.retry(delivery?.id ?? '')
    await eventually(async () => (await stateOf()).delivered === 1)
  })

  it('waits as long as Retry-After says', async () => {
    const answer: Answer = (_, response) => {
      response.writeHead(503, { 'retry-after': '1' }).end()
      return 'handled'
    }
    await using hooks = await receiver(answer)
    await using _ = await dispatcher([config(hooks.url, { events: ['execution.completed'] })])
    await runOne()
    const [first, second] = await hooks.until(2)
    expect((second?.at ?? 0) - (first?.at ?? 0)).to.be.within(950, 5000)
  })

  it('410 disables the endpoint, and what waits for it is given up, until it is enabled', async () => {
    let isGone = true
    await using hooks = await receiver(() => (isGone ? 410 : 200))
    const disabled: string[] = []
    await using _ = await dispatcher([config(hooks.url)], {
      observer: { disabled: (name) => disabled.push(name) },
      concurrency: 1,
    })
    await runOne()
    await eventually(async () => disabled.length > 0)
    await runOne()
    expect(await stateOf()).to.include({ pending: 0, delivered: 0 })
    expect((await stateOf()).disabled?.reason).to.equal('HTTP 410')
    const before = hooks.received.length
    isGone = false
    await repository.webhooks.enable('ops')
    const id = await runOne()
    const all = await hooks.until(before + 2)
    const since = all.slice(before).map((one) => verified(one).data['jobExecutionId'])
    expect(since).to.deep.equal([id, id])
  })

  it('follows no redirect', async () => {
    await using trap = await receiver()
    const answer: Answer = (_, response) => {
      response.writeHead(307, { location: trap.url }).end('over there')
      return 'handled'
    }
    await using hooks = await receiver(answer)
    await using _ = await dispatcher([config(hooks.url, { events: ['execution.completed'] })])
    await runOne()
    await hooks.until(2)
    await eventually(async () => (await stateOf()).failing === 1)
    expect((await stateOf()).lastError).to.equal('HTTP 307: over there')
    expect(trap.received.length).to.equal(0)
  })

  it('a slow receiver, and one that never stops answering, delay no other endpoint', async () => {
    const silent: Answer = () => new Promise(() => {})
    const endless: Answer = (_, response) => {
      response.writeHead(500)
      const timer = setInterval(() => response.write('x'.repeat(100_000)), 1)
      response.on('close', () => clearInterval(timer))
      return 'handled'
    }
    await using slow = await receiver(silent)
    await using talker = await receiver(endless)
    await using good = await receiver()
    await using dispatching = await dispatcher(
      [
        config(slow.url, { name: 'slow' }),
        config(talker.url, { name: 'talker' }),
        config(good.url, { name: 'good' }),
      ],
      { concurrency: 2, timeoutMilliseconds: 1500 },
    )
    const begun = Date.now()
    for (let turn = 0; turn < 10; turn += 1) await runOne()
    await good.until(20)
    expect(Date.now() - begun).to.be.lessThan(1400)
    expect(slow.received.length).to.equal(2)
    await eventually(async () => (await stateOf('talker')).failing > 0)
    expect((await stateOf('talker')).lastError?.length).to.be.lessThan(300)
    await eventually(async () => (await stateOf('slow')).failing > 0)
    expect((await stateOf('slow')).lastError).to.equal('no answer within 1.5 s')
    await dispatching.drain('over', { graceMilliseconds: 0 })
  })

  it('of two dispatchers one sends each delivery', async () => {
    await using hooks = await receiver(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return 200
    })
    await using _one = await dispatcher([config(hooks.url)])
    await using _other = await dispatcher([config(hooks.url)])
    for (let turn = 0; turn < 20; turn += 1) await runOne()
    await eventually(async () => (await stateOf()).delivered === 40)
    expect(hooks.received.length).to.equal(40)
  })

  it('a drain waits for requests under way, and takes nothing more', async () => {
    let answer: (status: number) => void = () => {}
    await using hooks = await receiver(
      () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    )
    await using dispatching = await dispatcher([config(hooks.url)], { concurrency: 1 })
    await runOne()
    await hooks.until(1)
    const drained = dispatching.drain('over')
    expect(dispatching.sending()).to.equal(1)
    answer(200)
    await drained
    expect(dispatching.sending()).to.equal(0)
    expect(await stateOf()).to.include({ delivered: 1, pending: 1 })
    expect(hooks.received.length).to.equal(1)
  })

  it('a drain whose grace is over breaks requests off, which counts as no attempt', async () => {
    await using hooks = await receiver(() => new Promise(() => {}))
    await using dispatching = await dispatcher([config(hooks.url, { events: ['execution.completed'] })])
    await runOne()
    await hooks.until(1)
    await dispatching.drain('over', { graceMilliseconds: 10 })
    const [delivery] = await repository.webhooks.listDeliveries({ limit: 1 })
    expect(delivery).to.include({ state: 'pending', attempts: 0, lastError: null })
  })

  it('deletes events and settled deliveries when they are old', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    repository = memoryRepository({ clock: { now: () => now } })
    const { cursor } = await repository.events.look()
    await runOne()
    now = new Date('2026-03-01T00:00:00Z')
    await runOne()
    const sleepless = { now: () => now, monotonic: () => performance.now() }
    await using dispatching = await dispatcher([], {
      clock: {
        ...sleepless,
        sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
      },
    })
    let left: readonly BatchEvent[] = []
    await eventually(async () => {
      left = (await repository.events.look(cursor)).events
      return left.length === 2
    })
    expect(left.every(({ occurredAt }) => occurredAt.getTime() === now.getTime())).to.equal(true)
    await dispatching.drain('over')
  })

  it('goes on when the repository is away for a while, and says so once', async () => {
    const { BatchError } = await import('../../src/core/model/batch-error.ts')
    const real = repository
    let isAway = false
    const away = async (): Promise<never> => {
      throw new BatchError('REPOSITORY_UNAVAILABLE', 'as the case says')
    }
    repository = {
      ...real,
      webhooks: {
        ...real.webhooks,
        withNews: (names) => (isAway ? away() : real.webhooks.withNews(names)),
        claim: (wants, lease) => (isAway ? away() : real.webhooks.claim(wants, lease)),
      },
    }
    await using hooks = await receiver()
    await using _ = await dispatcher([config(hooks.url, { events: ['execution.completed'] })])
    isAway = true
    await runOne()
    await eventually(async () => lines.some((line) => line.includes('the repository is away')))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(hooks.received.length).to.equal(0)
    isAway = false
    await hooks.until(1)
    expect(lines.filter((line) => line.includes('the repository is away')).length).to.equal(1)
  })

  it('writes no secret, and nothing of an address but its host, into its log', async () => {
    const bad: Answer = (_, response) => {
      response.writeHead(500).end('no \u001b[31mway\n')
      return 'handled'
    }
    await using hooks = await receiver(bad)
    await using _ = await dispatcher([config(hooks.url)], {
      retries: { firstMilliseconds: 1, longestMilliseconds: 1, giveUpAfterMilliseconds: 30 },
    })
    await runOne()
    await eventually(async () => (await stateOf()).givenUp === 2)
    await eventually(async () => lines.filter((line) => line.includes('given up')).length === 2)
    const log = lines.join('')
    expect(log).to.contain('HTTP 500: no [31mway')
    for (const secret of [SECRET, SECRET.slice(6), 'in-the-address', 'v1,'])
      expect(log).to.not.contain(secret)
  })
})
