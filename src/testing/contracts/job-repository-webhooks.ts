/** The webhooks' outbox: each event becomes one delivery for each endpoint, and waits until it is settled. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { BatchEvent } from '../../core/model/batch-event.ts'
import type { ClaimedDelivery, WebhookEndpointState } from '../../core/ports/webhook-store.ts'
import { jobEnd, type RepositoryTrial } from './repository-trial.ts'

type Check = (trial: RepositoryTrial) => Promise<void>

export const WEBHOOK_PROMISES: Readonly<Record<string, Check>> = {
  'an endpoint gets what happens from its registration on, once': fansOutOnce,
  'of many that make deliveries at once, one makes each': fansOutInOne,
  'only deliveries with a payload are made, in pages too': fansOutInPages,
  'a delivery outlives a purge of its execution': outlivesPurge,
  'a delivery that is taken is taken by one, and due again when the lease is over': claimsOnce,
  'each endpoint gets so many deliveries as it wishes, the longest waiting first': claimsByWish,
  'a failed attempt is repeated later, with the same id and payload': repeats,
  'a delivery that was made stays made, whatever a slower attempt says': staysDelivered,
  'a delivery that is given up waits no more, until it is retried': givesUp,
  'an attempt that is broken off does not count': releases,
  'an endpoint that is disabled gets nothing until it is enabled': disables,
  'deliveries are listed by endpoint and state, newest first': lists,
  'deliveries that are over are pruned, those that wait are not': prunesOver,
}

interface Outbox {
  readonly endpoint: string
  readonly fanOut: (limit?: number) => Promise<number>
  /** One event of the trial's job, and what is made of it. */
  readonly deliver: (key: string) => Promise<void>
  readonly claim: (limit?: number, lease?: number) => Promise<readonly ClaimedDelivery[]>
  readonly state: () => Promise<WebhookEndpointState>
}

async function outbox(trial: RepositoryTrial): Promise<Outbox> {
  const { webhooks } = trial.repository
  const endpoint = `endpoint-${randomUUID()}`
  await webhooks.register([endpoint])
  const fanOut = async (limit = 10_000) =>
    (await webhooks.fanOut(endpoint, limit, (event) => payloadOf(trial, event))).deliveries
  return {
    endpoint,
    fanOut,
    deliver: async (key) => {
      await trial.started(key)
      assert.equal(await fanOut(), 1)
    },
    claim: (limit = 10, lease = 60_000) => webhooks.claim([{ endpoint, limit }], lease),
    state: async () => {
      const found = (await webhooks.listEndpoints()).find((one) => one.endpoint === endpoint)
      assert.ok(found)
      const backlog = (await webhooks.listBacklogs()).find((one) => one.endpoint === endpoint)
      const { pending, givenUp } = found
      assert.deepEqual(backlog, { endpoint, pending, givenUp })
      return found
    },
  }
}

function payloadOf({ jobName }: RepositoryTrial, event: BatchEvent): string | undefined {
  return event.jobName === jobName && 'jobExecutionId' in event
    ? `${event.type} ${event.jobExecutionId} ü`
    : undefined
}

async function fansOutOnce(trial: RepositoryTrial): Promise<void> {
  await trial.started('before')
  const { endpoint, fanOut, claim } = await outbox(trial)
  const { webhooks } = trial.repository
  const { execution } = await trial.started('after')
  await webhooks.register([endpoint])
  assert.deepEqual(await webhooks.withNews([endpoint, 'unknown']), [endpoint])
  assert.equal(await fanOut(), 1)
  assert.equal(await fanOut(), 0)
  const [delivery, ...others] = await claim()
  assert.equal(others.length, 0)
  assert.ok(delivery !== undefined)
  const { id, webhookId, triedForMilliseconds, ...rest } = delivery
  assert.ok(id !== '' && triedForMilliseconds < 5000)
  assert.match(webhookId, /^msg_[\w-]{36}$/)
  assert.deepEqual(rest, {
    endpoint,
    eventType: 'execution.started',
    payload: `execution.started ${execution.id} ü`,
    attempts: 1,
  })
}

async function fansOutInOne(trial: RepositoryTrial): Promise<void> {
  const { fanOut, claim } = await outbox(trial)
  for (const key of ['a', 'b', 'c']) await trial.started(key)
  await Promise.all(Array.from({ length: 6 }, () => fanOut()))
  assert.equal(await fanOut(), 0)
  assert.equal((await claim()).length, 3)
}

async function fansOutInPages(trial: RepositoryTrial): Promise<void> {
  const { endpoint, claim } = await outbox(trial)
  const { webhooks } = trial.repository
  const wanted: string[] = []
  for (const key of ['a', 'b', 'c', 'd', 'e']) wanted.push((await trial.started(key)).execution.id)
  const skipped = wanted[2]
  let hasMore = true
  for (let page = 0; hasMore; page += 1) {
    assert.ok(page < 1000)
    ;({ hasMore } = await webhooks.fanOut(endpoint, 2, (event) =>
      'jobExecutionId' in event && event.jobExecutionId === skipped ? undefined : payloadOf(trial, event),
    ))
  }
  const payloads = (await claim()).map(({ payload }) => payload.split(' ')[1] ?? '')
  assert.deepEqual(payloads.toSorted(), wanted.filter((id) => id !== skipped).toSorted())
}

async function outlivesPurge(trial: RepositoryTrial): Promise<void> {
  const { repository, jobName } = trial
  const { fanOut, claim } = await outbox(trial)
  const { claim: owned } = await trial.started('a')
  await repository.endJobExecution(owned, jobEnd('COMPLETED'))
  assert.equal(await fanOut(), 2)
  await repository.purge({
    jobName,
    endedBefore: new Date(Date.now() + 60_000),
    keepLast: 0,
    statuses: ['COMPLETED'],
    withQuarantined: false,
    limit: 10,
    dryRun: false,
  })
  assert.equal((await claim()).length, 2)
}

async function claimsOnce(trial: RepositoryTrial): Promise<void> {
  const { deliver, claim } = await outbox(trial)
  await deliver('a')
  const answers = await Promise.all(Array.from({ length: 5 }, () => claim()))
  assert.equal(answers.flat().length, 1)
  assert.deepEqual(await claim(), [])
  await deliver('b')
  const [first] = await claim(1, 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const [again] = await claim()
  assert.ok(first !== undefined && again !== undefined)
  const { triedForMilliseconds, ...rest } = again
  assert.ok(triedForMilliseconds >= 5)
  assert.deepEqual({ ...rest, triedForMilliseconds: first.triedForMilliseconds }, { ...first, attempts: 2 })
}

async function claimsByWish(trial: RepositoryTrial): Promise<void> {
  const [one, other] = [await outbox(trial), await outbox(trial)]
  for (const key of ['a', 'b', 'c']) await trial.started(key)
  await one.fanOut()
  await other.fanOut()
  const wants = [
    { endpoint: one.endpoint, limit: 2 },
    { endpoint: other.endpoint, limit: 1 },
  ]
  const claimed = await trial.repository.webhooks.claim(wants, 60_000)
  assert.deepEqual(
    claimed.map(({ endpoint }) => endpoint).toSorted(),
    [one, one, other].map((box) => box.endpoint).toSorted(),
  )
  const left = await trial.repository.webhooks.claim([{ endpoint: one.endpoint, limit: 9 }], 60_000)
  assert.equal(left.length, 1)
}

async function repeats(trial: RepositoryTrial): Promise<void> {
  const { deliver, claim, state } = await outbox(trial)
  const { webhooks } = trial.repository
  await deliver('a')
  const [first] = await claim()
  assert.ok(first !== undefined)
  await webhooks.settle(first, { kind: 'failed', error: 'HTTP 503', retryInMilliseconds: 60_000 })
  assert.deepEqual(await claim(), [])
  assert.deepEqual([(await state()).failing, (await state()).lastError], [1, 'HTTP 503'])
  assert.equal(await webhooks.retry(first.id), 'due')
  const [second] = await claim()
  assert.deepEqual(
    [second?.webhookId, second?.payload, second?.attempts],
    [first.webhookId, first.payload, 2],
  )
}

async function staysDelivered(trial: RepositoryTrial): Promise<void> {
  const { deliver, claim, state } = await outbox(trial)
  const { webhooks } = trial.repository
  await deliver('a')
  const [slow] = await claim(1, 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  const [quick] = await claim()
  assert.ok(slow !== undefined && quick !== undefined)
  // What an attempt says that another has followed is out of date, unless it was made after all.
  await webhooks.settle(slow, { kind: 'given-up', error: 'too slow' })
  assert.equal((await state()).pending, 1)
  await webhooks.settle(quick, { kind: 'delivered' })
  await webhooks.settle(quick, { kind: 'failed', error: 'late', retryInMilliseconds: 1 })
  const { delivered, pending, givenUp, lastError, lastDeliveredAt } = await state()
  assert.deepEqual(
    { delivered, pending, givenUp, lastError },
    { delivered: 1, pending: 0, givenUp: 0, lastError: null },
  )
  assert.ok(lastDeliveredAt !== null)
}

async function givesUp(trial: RepositoryTrial): Promise<void> {
  const { deliver, claim, state } = await outbox(trial)
  const { webhooks } = trial.repository
  await deliver('a')
  const [claimed] = await claim(1, 1)
  assert.ok(claimed !== undefined)
  await webhooks.settle(claimed, { kind: 'given-up', error: 'HTTP 500' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(await claim(), [])
  assert.deepEqual([(await state()).givenUp, (await state()).pending], [1, 0])
  assert.equal(await webhooks.retry(claimed.id), 'due')
  const [again] = await claim()
  assert.equal(again?.attempts, 2)
  assert.ok(again.triedForMilliseconds < 1000)
  assert.equal(await webhooks.retry('999999999'), 'not-found')
  assert.equal(await webhooks.retry('nobody'), 'not-found')
}

async function releases(trial: RepositoryTrial): Promise<void> {
  const { deliver, claim } = await outbox(trial)
  await deliver('a')
  const [first] = await claim()
  assert.ok(first !== undefined)
  await trial.repository.webhooks.settle(first, { kind: 'released' })
  const [second] = await claim()
  assert.deepEqual([second?.id, second?.attempts], [first.id, 1])
}

async function disables(trial: RepositoryTrial): Promise<void> {
  const { endpoint, deliver, fanOut, claim, state } = await outbox(trial)
  const { webhooks } = trial.repository
  await deliver('a')
  const [first] = await claim()
  assert.ok(first !== undefined)
  await webhooks.disable(endpoint, 'HTTP 410')
  await trial.started('meanwhile')
  assert.deepEqual(await webhooks.withNews([endpoint]), [])
  assert.equal(await fanOut(), 0)
  assert.deepEqual(await claim(), [])
  assert.equal((await state()).disabled?.reason, 'HTTP 410')
  assert.equal((await state()).givenUp, 1)
  assert.equal(await webhooks.retry(first.id), 'disabled')
  assert.equal(await webhooks.enable(endpoint), true)
  assert.equal(await webhooks.enable('unknown'), false)
  assert.equal(await webhooks.enable('un\u0000known'), false)
  assert.equal((await state()).disabled, null)
  assert.equal(await fanOut(), 0)
  await deliver('later')
  assert.equal((await claim()).length, 1)
}

async function lists(trial: RepositoryTrial): Promise<void> {
  const { endpoint, deliver, claim } = await outbox(trial)
  const { webhooks } = trial.repository
  for (const key of ['a', 'b', 'c']) await deliver(key)
  const [first, second] = await claim(2)
  assert.ok(first !== undefined && second !== undefined)
  await webhooks.settle(first, { kind: 'delivered' })
  await webhooks.settle(second, { kind: 'given-up', error: 'HTTP 500' })
  const all = await webhooks.listDeliveries({ endpoint, limit: 10 })
  assert.deepEqual(
    all.map(({ id, state, attempts }) => [id, state, attempts]),
    [
      [all[0]?.id, 'pending', 0],
      [second.id, 'given-up', 1],
      [first.id, 'delivered', 1],
    ],
  )
  const [, givenUp, delivered] = all
  assert.ok(givenUp?.givenUpAt && givenUp.nextAttemptAt === null && givenUp.lastError === 'HTTP 500')
  assert.ok(
    delivered?.deliveredAt && delivered.payload === first.payload && delivered.webhookId === first.webhookId,
  )
  const only = await webhooks.listDeliveries({ endpoint, state: 'delivered', limit: 10 })
  assert.deepEqual(only, [delivered])
  assert.deepEqual(await webhooks.listDeliveries({ endpoint, before: second.id, limit: 10 }), [delivered])
  assert.deepEqual(await webhooks.listDeliveries({ endpoint, before: 'x', limit: 10 }), [])
}

async function prunesOver(trial: RepositoryTrial): Promise<void> {
  const { endpoint, deliver, claim } = await outbox(trial)
  const { webhooks, events } = trial.repository
  await deliver('a')
  await deliver('b')
  const [first] = await claim(1)
  assert.ok(first !== undefined)
  await webhooks.settle(first, { kind: 'delivered' })
  await events.prune(new Date(Date.now() - 60_000), 1000)
  assert.equal((await webhooks.listDeliveries({ endpoint, limit: 10 })).length, 2)
  while ((await events.prune(new Date(Date.now() + 60_000), 1000)) > 0);
  const left = await webhooks.listDeliveries({ endpoint, limit: 10 })
  assert.deepEqual(
    left.map(({ state }) => state),
    ['pending'],
  )
}
