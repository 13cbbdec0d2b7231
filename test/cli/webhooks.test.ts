import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import type { WebhookEndpointState } from '../../src/core/ports/webhook-store.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { type Receiver, receiver, SECRET, verified } from '../webhooks/receiver.ts'
import { command, environmentOf, FIXTURES, type RunningCommand, startCommand } from './command.ts'
import { commandHere } from './command-here.ts'

const CONFIG = ['--config', resolve(FIXTURES, 'webhooks.config.ts')]

describe('The commands for webhooks', () => {
  let database: TestDatabase
  let repository: JobRepository
  let hooks: Receiver
  let environment: Readonly<Record<string, string>>
  /** Undefined: it never answers. */
  let status: number | undefined = 204
  const schedulers: RunningCommand[] = []

  before(async () => {
    database = await testDatabase()
    repository = await postgresRepository({ connection: database.connection, schema: database.schema })
    hooks = await receiver(() => status ?? new Promise<never>(() => {}))
    environment = { ...environmentOf(database), TEST_HOOK: hooks.url, TEST_HOOK_SECRET: SECRET }
    // The config asks for it, also where it is loaded here.
    process.env['TEST_HOOK'] = hooks.url
  })

  after(async () => {
    delete process.env['TEST_HOOK']
    for (const one of schedulers) one.kill('SIGKILL')
    await hooks[Symbol.asyncDispose]()
    await repository.close()
    await database.close()
  })

  const batchwright = (...args: string[]) => command([...args, ...CONFIG], { environment })
  const look = (...args: string[]) => commandHere([...args, ...CONFIG], { environment })

  async function scheduler(): Promise<RunningCommand> {
    const running = startCommand(['scheduler', '--log-level', 'trace', ...CONFIG], { environment })
    schedulers.push(running)
    await running.said('sending webhooks to ops (http://127.0.0.1:')
    return running
  }

  async function webhooks(): Promise<Record<string, unknown>> {
    const { stdout, stderr } = await look('webhooks', '--json')
    const [line = ''] = stdout.split('\n')
    expect(line, stderr).to.not.equal('')
    return JSON.parse(line) as Record<string, unknown>
  }

  async function untilState(wanted: Partial<WebhookEndpointState>): Promise<void> {
    const end = Date.now() + 30_000
    for (;;) {
      const [found] = await repository.webhooks.listEndpoints()
      const isIt = ([name, value]: readonly [string, unknown]) =>
        found?.[name as keyof WebhookEndpointState] === value
      if (Object.entries(wanted).every(isIt)) return
      if (Date.now() > end) throw new Error(`it is ${JSON.stringify(found)}`)
      await sleep(20)
    }
  }

  it('say that an endpoint is told from the next start of a scheduler on', async () => {
    const { exitCode, stdout, stderr } = await look('webhooks')
    expect([exitCode, stdout]).to.deep.equal([0, ''])
    expect(stderr).to.contain('ops gets what happens from the next start of a scheduler or server on')
  })

  it('a scheduler sends what runs of other processes do, also what they did while there was none', async () => {
    const first = await scheduler()
    expect((await batchwright('run', 'told', 'day=2026-01-01')).exitCode).to.equal(0)
    const [completed] = await hooks.until(1)
    if (completed === undefined) throw new Error('nothing came')
    expect(verified(completed)).to.deep.include({ type: 'execution.completed' })
    first.kill('SIGTERM')
    expect((await first.ended).exitCode).to.equal(0)
    expect((await batchwright('run', 'told', 'day=2026-01-02', 'fails=true')).exitCode).to.equal(1)
    const second = await scheduler()
    const [, failed] = await hooks.until(2)
    if (failed === undefined) throw new Error('nothing came')
    expect(verified(failed).data).to.include({ jobName: 'told', status: 'FAILED' })
    await untilState({ pending: 0, delivered: 2 })
    second.kill('SIGTERM')
    const { exitCode, stdout, stderr } = await second.ended
    expect(exitCode).to.equal(0)
    for (const secret of [SECRET, SECRET.slice(6), 'in-the-address']) {
      expect(stdout).to.not.contain(secret)
      expect(stderr).to.not.contain(secret)
    }
  })

  it('list what failed, with the answer of the receiver and without the rest of its address', async () => {
    status = 503
    const running = await scheduler()
    await batchwright('run', 'told', 'day=2026-01-03')
    await untilState({ failing: 1 })
    const { stdout } = await look('webhooks')
    expect(stdout).to.match(/ops +http:\/\/127\.0\.0\.1:\d+ .* 1 +1 +0 +2 .*HTTP 503/)
    expect(stdout).to.not.contain('in-the-address')
    const deliveries = await look('webhooks', 'deliveries', '--state', 'pending')
    expect(deliveries.stdout).to.match(/\d+ +ops +execution\.completed .* pending +\d+ .*HTTP 503/)
    running.kill('SIGTERM')
    await running.ended
  })

  it('retry makes a delivery due, which the next scheduler sends', async () => {
    status = 200
    const listed = await look('webhooks', 'deliveries', '--state', 'pending', '--json')
    const { deliveryId, webhookId } = JSON.parse(listed.stdout) as { deliveryId: string; webhookId: string }
    const { exitCode, stdout } = await look('webhooks', 'retry', deliveryId)
    expect([exitCode, stdout]).to.deep.equal([
      0,
      `delivery ${deliveryId} is due; the next scheduler or server that has its webhook sends it\n`,
    ])
    const before = hooks.received.length
    const running = await scheduler()
    const received = await hooks.until(before + 1)
    expect(received[before]?.headers['webhook-id']).to.equal(webhookId)
    await untilState({ pending: 0, delivered: 3 })
    running.kill('SIGTERM')
    await running.ended
  })

  it('a scheduler waits for a receiver that does not answer for three seconds only, and the next one sends again', async () => {
    status = undefined
    const running = await scheduler()
    const before = hooks.received.length
    await batchwright('run', 'told', 'day=2026-01-04')
    await hooks.until(before + 1)
    const begun = Date.now()
    running.kill('SIGTERM')
    expect((await running.ended).exitCode).to.equal(0)
    expect(Date.now() - begun).to.be.within(2500, 9000)
    status = 200
    const next = await scheduler()
    const received = await hooks.until(before + 2)
    expect(received[before + 1]?.headers['webhook-id']).to.equal(received[before]?.headers['webhook-id'])
    await untilState({ pending: 0, delivered: 4 })
    next.kill('SIGTERM')
    await next.ended
  })

  it('refuse what there is not, and what is disabled', async () => {
    const [, delivered] = await Promise.all([
      batchwright('webhooks', 'retry', '987654').then(({ exitCode, stderr }) => {
        expect(exitCode).to.equal(2)
        expect(stderr).to.contain('There is no delivery 987654')
      }),
      batchwright('webhooks', 'deliveries', '--limit', '1', '--json'),
    ])
    const unknown = await look('webhooks', 'enable', 'opps')
    expect(unknown.exitCode).to.equal(2)
    expect(unknown.stderr).to.contain('Did you mean ops?')
    await database.pool.query(
      `update ${database.schema}.batch_webhook_endpoint set disabled_at = now(), disabled_reason = 'HTTP 410'`,
    )
    const { deliveryId } = JSON.parse(delivered.stdout) as { deliveryId: string }
    const refused = await look('webhooks', 'retry', deliveryId)
    expect(refused.exitCode).to.equal(6)
    expect(refused.stderr).to.contain('batchwright webhooks enable')
    expect((await look('webhooks')).stdout).to.contain('disabled since')
    expect((await look('webhooks', 'enable', 'ops')).exitCode).to.equal(0)
    expect((await webhooks())['disabled']).to.equal(null)
  })

  it('check and doctor find what is wrong with them, and tell no secret', async () => {
    expect((await batchwright('check')).exitCode).to.equal(0)
    const healthy = await batchwright('doctor')
    expect(healthy.stdout).to.match(/ok +webhooks: ops to http:\/\/127\.0\.0\.1:\d+\n/)
    const short = { ...environment, TEST_HOOK_SECRET: 'whsec_T0KEN' }
    const sick = await command(['doctor', ...CONFIG], { environment: short })
    expect(sick.exitCode).to.equal(2)
    expect(sick.stdout).to.match(/problem +webhooks: .*\n?.*TEST_HOOK_SECRET must be whsec_/)
    expect(sick.stdout).to.not.contain('T0KEN')
    const plain = { ...environment, TEST_HOOK: 'http://example.com/T0KEN' }
    const refused = await command(['check', ...CONFIG], { environment: plain })
    expect(refused.exitCode).to.equal(2)
    expect(refused.stderr).to.contain('webhooks[0].url must begin with https:').and.not.contain('T0KEN')
    const misspelt = await command(['check', ...CONFIG], {
      environment: { ...environment, TEST_HOOK_JOB: 'tolt' },
    })
    expect(misspelt.exitCode).to.equal(2)
    expect(misspelt.stdout).to.contain("webhook 'ops': there is no job tolt. Did you mean told?")
  })

  it('a scheduler without the secret does not start', async () => {
    const { TEST_HOOK_SECRET: _, ...without } = environment
    const { exitCode, stderr } = await command(['scheduler', ...CONFIG], { environment: without })
    expect(exitCode).to.equal(2)
    expect(stderr).to.contain("webhook 'ops': the environment variable TEST_HOOK_SECRET is not set")
  })
})
