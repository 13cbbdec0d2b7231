import { Validator } from '@seriousme/openapi-schema-validator'
import { expect } from 'chai'
import type { Batch } from '../../src/create-batch.ts'
import { BatchError } from '../../src/core/model/batch-error.ts'
import type { DoorKind } from '../../src/http/operation-problems.ts'
import { problemsOf } from '../../src/http/operation-problems.ts'
import { OPERATIONS } from '../../src/http/operations/index.ts'
import type { Operation } from '../../src/http/operation.ts'
import type { ExecutionPool } from '../../src/pool/execution-pool.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { type AnswerBook, answerBook } from './answer-book.ts'
import { deliveryTo } from './delivery-to.ts'
import {
  type ApiTrial,
  apiTrial,
  type Ask,
  type Asked,
  ended,
  newName,
  running,
  type TrialOptions,
} from './api-trial.ts'

const POSTS_WITH_A_BODY: Readonly<Record<string, unknown>> = {
  launchJob: { parameters: { name: 'x' } },
  backfillSchedule: { from: '2026-11-01', to: '2026-11-01' },
  purge: { olderThan: '90d', dryRun: true },
}

for (const door of ['tokens', 'loopback', 'anywhere'] as const) {
  describe(`Every answer that the API documents, with ${door}`, () => {
    const open: ApiTrial[] = []
    let book: AnswerBook
    const trial = (options: TrialOptions = {}): ApiTrial => {
      const anonymous = door === 'tokens' ? {} : { anonymous: door }
      const made = apiTrial({ ...anonymous, ...options, onAnswer: (...answered) => book.note(...answered) })
      open.push(made)
      return made
    }

    before(() => {
      book = answerBook(door)
    })
    after(async () => {
      for (const one of open) await one.close()
    })

    it('of work that is well', async () => {
      const metrics = { text: async () => 'up 1\n', contentType: 'text/plain; version=0.0.4' }
      const { ask, batch } = trial({ metrics })
      await askEverything(ask)
      await askAboutWebhooks(ask, batch)
    })

    it('of what is not there', async () => {
      await askForNothing(trial().ask)
    })

    it('of states that forbid it', async () => {
      await askAgainstStates(trial())
    })

    it('of a server that is full, or ends', async () => {
      await askTooMuch(trial({ limit: 1, maxStreams: 0 }))
      const draining = new AbortController()
      const { ask, pool } = trial({ draining: draining.signal })
      const { id } = await running(ask)
      draining.abort()
      await pool.drain('the test drains')
      await launchEach(ask, id)
      await ask('GET /readyz')
    })

    it('of requests that are no good', async () => {
      const { ask } = trial({ maxBodyBytes: 200 })
      for (const operation of OPERATIONS) await askBadly(ask, operation, door)
    })

    it('of a repository that is away, and of errors of our own', async () => {
      const away = new BatchError('REPOSITORY_UNAVAILABLE', 'postgres://anna:geheim@db:5432/app is away')
      const metrics = { text: () => Promise.reject(new Error('no')), contentType: 'text/plain' }
      for (const error of [away, new TypeError('a mistake of ours, with geheim')]) {
        const poolAround = (pool: ExecutionPool) => ({ ...broken(pool, error), active: pool.active })
        const { ask } = trial({ around: (batch) => brokenBatch(batch, error), poolAround, metrics })
        for (const operation of OPERATIONS)
          await ask(plain(operation).replace('schedules/nothing', 'schedules/hourly'), bodyOf(operation))
      }
    })

    it('is answered as documented, and nothing is documented that is not answered', async () => {
      expect(book.faults).to.deep.equal([])
      expect(book.missing(trial().api)).to.deep.equal([])
    })

    it('stands in a document that is valid OpenAPI 3.1', async () => {
      const document = trial().api.openApiDocument()
      const { valid, errors } = await new Validator().validate({ ...document })
      expect(errors ?? []).to.deep.equal([])
      expect(valid).to.equal(true)
    })
  })
}

/** Each at its best. */
async function askEverything(ask: Ask): Promise<void> {
  const { jobExecutionId: done } = await ended(ask, 'greet')
  const { jobExecutionId: failed } = await ended(ask, 'fail')
  const { jobExecutionId: skipped } = await ended(ask, 'skip')
  const { jobExecutionId: parted } = await ended(ask, 'split')
  const { id: live } = await running(ask)
  const { headers } = await ask(`GET /api/v1/executions/${done}`)
  await ask(`GET /api/v1/executions/${done}`, { headers: { 'If-None-Match': headers.get('etag') ?? '' } })
  const steps = await ask(`GET /api/v1/executions/${parted}/steps`)
  const step = `/api/v1/executions/${parted}/steps/${String(steps.json.items[0]?.['stepExecutionId'])}`
  const { json: quarantined } = await ask(`GET /api/v1/executions/${skipped}/quarantine`)
  const gets = [
    'server',
    'overview',
    'jobs',
    'jobs/greet',
    'jobs/once%20only',
    'jobs/greet/instances',
    'jobs/greet/stats?window=7d',
    'jobs/greet/typical?last=5',
    'hours?window=2d',
    'instances/1',
    'executions?attention=true&trigger=http&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00%2B01:00&q=cannot',
    'executions',
    'quarantine',
    'schedules',
    'schedules/hourly',
    'schedules/hourly/fires',
    `quarantine/${String(quarantined.items[0]?.['quarantineId'])}`,
    ...['', '/outcome', '/context', '/steps'].map((path) => `executions/${done}${path}`),
    ...[failed, live, skipped, parted].map((id) => `executions/${id}`),
  ]
  for (const path of gets) await ask(`GET /api/v1/${path}`)
  await ask('POST /api/v1/session')
  await ask('DELETE /api/v1/session')
  for (const path of ['', '/context', '/samples', '/partitions']) await ask(`GET ${step}${path}`)
  await ask(`GET /api/v1/executions/${done}/events`)
  await ask('GET /api/v1/events', { signal: AbortSignal.timeout(20) })
  for (const path of [
    'openapi.json',
    'docs',
    'docs/page.js',
    'docs/page.css',
    'healthz',
    'readyz',
    'metrics',
  ])
    await ask(`GET /${path}`)
  await ask(`POST /api/v1/executions/${failed}/restart?wait=60s`)
  await ask(`POST /api/v1/executions/${failed}/restart`)
  await ask(`GET /api/v1/executions/${skipped}/redrive/preview`)
  await ask(`POST /api/v1/executions/${skipped}/redrive?wait=60s`)
  const { jobExecutionId: again } = await ended(ask, 'skip')
  await ask(`POST /api/v1/executions/${again}/redrive`)
  await ask(`POST /api/v1/executions/${live}/stop`)
  await ask(`POST /api/v1/executions/${live}/stop`)
  await ask(`GET /api/v1/executions/${live}?wait=60s`)
  await ask(`POST /api/v1/executions/${live}/recover`)
  await ask(`POST /api/v1/executions/${live}/abandon`)
  await ask('POST /api/v1/schedules/hourly/pause', { json: { note: 'for a while' } })
  await ask('POST /api/v1/schedules/hourly/resume')
  await ask('POST /api/v1/schedules/hourly/trigger')
  const days = { from: '2026-11-01', to: '2026-11-02' }
  await ask('POST /api/v1/schedules/hourly/backfill', { json: { ...days, dryRun: true } })
  await ask('POST /api/v1/schedules/hourly/backfill', { json: days })
  await ask('POST /api/v1/schedules/hourly/cancel-backfill')
  await ask('POST /api/v1/maintenance/purge', { json: { olderThan: '1d' } })
}

async function askAboutWebhooks(ask: Ask, { repository: { webhooks } }: Batch): Promise<void> {
  const deliveryId = await deliveryTo(webhooks, 'on-call', () => ended(ask, 'greet'))
  await ask('GET /api/v1/webhooks')
  await ask('GET /api/v1/webhooks/deliveries?webhook=on-call&state=pending')
  await ask(`POST /api/v1/webhooks/deliveries/${deliveryId}/retry`)
  await webhooks.disable('on-call', 'it has answered 410')
  await ask('GET /api/v1/webhooks')
  await ask(`POST /api/v1/webhooks/deliveries/${deliveryId}/retry`)
  await ask('POST /api/v1/webhooks/on-call/enable')
}

async function askForNothing(ask: Ask): Promise<void> {
  for (const operation of OPERATIONS) await ask(plain(operation), bodyOf(operation))
  const { jobExecutionId } = await ended(ask, 'greet')
  for (const path of ['', '/context', '/samples', '/partitions'])
    await ask(`GET /api/v1/executions/${jobExecutionId}/steps/999${path}`)
}

async function askAgainstStates({ ask }: ApiTrial): Promise<void> {
  const name = newName()
  const { id } = await running(ask, name)
  await ask('POST /api/v1/jobs/wait/executions', { json: { parameters: { name } } })
  for (const act of ['restart', 'abandon', 'recover', 'redrive'])
    await ask(`POST /api/v1/executions/${id}/${act}`)
  await ask(`GET /api/v1/executions/${id}/outcome`)
  const { jobExecutionId } = await ended(ask, 'greet')
  await ask(`POST /api/v1/executions/${jobExecutionId}/stop`)
  await ask('POST /api/v1/schedules/held/trigger')
}

async function askTooMuch({ ask }: ApiTrial): Promise<void> {
  const { jobExecutionId } = await ended(ask, 'fail')
  await running(ask)
  await launchEach(ask, jobExecutionId)
  await ask(`GET /api/v1/executions/${jobExecutionId}/events`)
  await ask('GET /api/v1/events')
}

async function launchEach(ask: Ask, id: string): Promise<void> {
  await ask('POST /api/v1/jobs/greet/executions', { json: { parameters: { name: newName() } } })
  await ask(`POST /api/v1/executions/${id}/restart`)
  await ask(`POST /api/v1/executions/${id}/redrive`)
  await ask('POST /api/v1/schedules/hourly/trigger')
}

async function askBadly(ask: Ask, operation: Operation, door: DoorKind): Promise<void> {
  const what = plain(operation)
  await ask(`${what}?access_token=abc`, bodyOf(operation))
  await ask(`${what}?nonsense=1`, bodyOf(operation))
  if (door === 'loopback') await ask(what, { ...bodyOf(operation), headers: { Host: 'evil.example' } })
  if (door === 'tokens') await ask(what, { ...bodyOf(operation), as: 'nobody' })
  if (operation.method !== 'get') {
    const headers = { Cookie: 'batchwright=of-somebody', 'Sec-Fetch-Site': 'cross-site' }
    await ask(what, { ...bodyOf(operation), as: 'nobody', headers })
  }
  if (problemsOf(operation, door).includes('insufficient-scope'))
    await ask(what, { ...bodyOf(operation), as: 'read' })
  if (operation.body === undefined) return
  await ask(what, { text: '{' })
  await ask(what, { text: JSON.stringify({ note: 'x'.repeat(300) }) })
  await ask(what, { text: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })
}

/** Of ids and names that nothing has. */
function plain({ method, path }: Operation): string {
  return `${method.toUpperCase()} ${path.replace(/\{job\}|\{name\}/, 'nothing').replaceAll(/\{\w+\}/g, '999')}`
}

/** Of the stream that has no end the client goes away. */
function bodyOf({ id }: Operation): Asked {
  const json = POSTS_WITH_A_BODY[id]
  if (id === 'followEvents') return { signal: AbortSignal.timeout(20) }
  return json === undefined ? {} : { json }
}

/** Whatever is called of it rejects; a mistake of ours is met wherever it is touched. */
function brokenBatch(batch: Batch, error: Error): Batch {
  const repository = broken(memoryRepository(), error)
  return { ...batch, repository, operator: broken(batch.operator, error), logger: brokenLog(batch, error) }
}

/** What is changed is told: of some operations nothing else can go wrong. */
function brokenLog({ logger }: Batch, error: Error): Batch['logger'] {
  const info = () => {
    throw error
  }
  return error instanceof TypeError
    ? (Object.create(logger, { info: { value: info } }) as typeof logger)
    : logger
}

function broken<T extends object>(whole: T, error: Error): T {
  return new Proxy(whole, {
    get: (target, name) => {
      const part: unknown = Reflect.get(target, name)
      if (typeof part === 'function') return () => Promise.reject(error)
      if (Array.isArray(part) && error instanceof TypeError) throw error
      return typeof part === 'object' && part !== null && !Array.isArray(part) ? broken(part, error) : part
    },
  })
}
