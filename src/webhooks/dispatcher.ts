/** Sends webhooks from this process, beside any number of other processes that send the same ones. */
import type { Clock } from '../core/ports/clock.ts'
import { isBatchError } from '../core/model/batch-error.ts'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ClaimedDelivery } from '../core/ports/webhook-store.ts'
import { systemClock } from '../process/system-clock.ts'
import { attemptDelivery, type DispatcherParts, type WebhookObserver } from './attempt-delivery.ts'
import { DAY_OF_RETRIES, type RetryRules } from './retry-delay.ts'
import type { WebhookEndpoint } from './webhook-endpoint.ts'
import { webhookPayload } from './webhook-payload.ts'

export interface WebhookDispatcher extends AsyncDisposable {
  /**
   * Nothing is taken from here on; requests under way are waited for, within the grace if there is one, then broken off, which
   * counts as no attempt. Resolves when none is left. Asking again waits too.
   */
  readonly drain: (reason: string, grace?: { readonly graceMilliseconds: number }) => Promise<void>
  /** How many requests are under way. */
  readonly sending: () => number
}

/** What a batch has of it. */
export interface WebhookBatch {
  readonly repository: JobRepository
  readonly logger: Logger
}

export interface WebhookOptions {
  readonly observer?: WebhookObserver
  /** How often it looks for events and for deliveries that are due. @default 1000 */
  readonly everyMilliseconds?: number
  /** For each request. @default 15_000 */
  readonly timeoutMilliseconds?: number
  /** After how long what a dead process had taken is sent by another; longer than a request may last. @default the time-out and 30_000 */
  readonly claimMilliseconds?: number
  /** Requests to one endpoint at a time. @default 5 */
  readonly concurrency?: number
  readonly retries?: RetryRules
  /** Events, and deliveries that are over, are deleted when they are older. @default 30 days */
  readonly keepMilliseconds?: number
  /** @default the machine's */
  readonly clock?: Clock
  /** @default Math.random */
  readonly random?: () => number
}

const TURN_MILLISECONDS = 1000
const TIMEOUT_MILLISECONDS = 15_000
const CLAIM_MARGIN_MILLISECONDS = 30_000
const KEEP_MILLISECONDS = 30 * 86_400_000
const PRUNE_MILLISECONDS = 3_600_000
const PAGE = 500

/**
 * Registers the endpoints, which get what happens from their first registration on, and sends from then on. Without endpoints
 * it only deletes old events. While the repository is away nothing is sent.
 * @throws BatchError REPOSITORY_UNAVAILABLE
 */
export async function createWebhookDispatcher(
  batch: WebhookBatch,
  endpoints: readonly WebhookEndpoint[],
  options: WebhookOptions = {},
): Promise<WebhookDispatcher> {
  const breakingOff = new AbortController()
  const draining = new AbortController()
  const parts = partsOf(batch, options, breakingOff.signal)
  const names = endpoints.map(({ name }) => name)
  if (names.length > 0) await parts.repository.webhooks.register(names)
  const lanes = endpoints.map((endpoint): Lane => ({ endpoint, sending: new Set() }))
  const work = keepSending(parts, lanes, options, draining.signal)
  let ending: Promise<void> | undefined
  const drain: WebhookDispatcher['drain'] = (reason, grace) => {
    draining.abort(new Error(reason))
    if (grace !== undefined)
      void parts.clock
        .sleep(grace.graceMilliseconds, breakingOff.signal)
        .then(() => breakingOff.abort(new Error(reason)))
        .catch(() => undefined)
    return (ending ??= work.then(() => allSent(lanes)).finally(() => breakingOff.abort(new Error(reason))))
  }
  return {
    drain,
    sending: () => lanes.reduce((sum, { sending }) => sum + sending.size, 0),
    [Symbol.asyncDispose]: () => drain('the dispatcher was closed'),
  }
}

/** An endpoint and the requests to it: a slow one holds up no other. */
interface Lane {
  readonly endpoint: WebhookEndpoint
  readonly sending: Set<Promise<void>>
}

function partsOf(
  { repository, logger }: WebhookBatch,
  options: WebhookOptions,
  signal: AbortSignal,
): DispatcherParts {
  return {
    repository,
    logger,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    retries: options.retries ?? DAY_OF_RETRIES,
    timeoutMilliseconds: options.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
    observer: options.observer ?? {},
    breakingOff: signal,
  }
}

async function allSent(lanes: readonly Lane[]): Promise<void> {
  await Promise.all(lanes.flatMap(({ sending }) => [...sending]))
}

/** Resolves when the drain has begun, and nothing more is taken. */
async function keepSending(
  parts: DispatcherParts,
  lanes: readonly Lane[],
  options: WebhookOptions,
  draining: AbortSignal,
): Promise<void> {
  const { clock, logger, observer } = parts
  const { everyMilliseconds = TURN_MILLISECONDS } = options
  const bell = wakeUpCall(draining)
  const pruning = pruner(parts, options.keepMilliseconds ?? KEEP_MILLISECONDS)
  let isLost = false
  while (!draining.aborted) {
    try {
      await fanOut(parts, lanes, draining)
      await sendDue(parts, lanes, options, draining, bell.ring)
      await pruning(draining)
      if (isLost) logger.warn('the repository is back: webhooks are sent')
      isLost = false
    } catch (error) {
      if (!isBatchError(error, 'REPOSITORY_UNAVAILABLE'))
        logger.error({ err: error }, 'the dispatcher of webhooks has met an error; it goes on')
      else if (!isLost) {
        isLost = true
        logger.error({ err: error }, 'the repository is away: no webhooks are sent until it is back')
        observer.repositoryLost?.(error)
      }
    }
    await clock.sleep(everyMilliseconds, bell.signal()).catch(() => undefined)
  }
}

/** Events become deliveries, for each endpoint by itself. */
async function fanOut(
  { repository, logger }: DispatcherParts,
  lanes: readonly Lane[],
  draining: AbortSignal,
): Promise<void> {
  if (lanes.length === 0) return
  const news = await repository.webhooks.withNews(lanes.map(({ endpoint }) => endpoint.name))
  for (const { endpoint } of lanes.filter((lane) => news.includes(lane.endpoint.name))) {
    let hasMore = true
    while (hasMore && !draining.aborted) {
      const made = await repository.webhooks.fanOut(endpoint.name, PAGE, (event) =>
        endpoint.wants(event) ? webhookPayload(event) : undefined,
      )
      if (made.startedAnew)
        logger.warn(
          { webhook: endpoint.name },
          `webhook ${endpoint.name}: the repository has moved to another database server; what happened before is not sent`,
        )
      ;({ hasMore } = made)
    }
  }
}

/** As many as each endpoint may have under way, all that are due. */
async function sendDue(
  parts: DispatcherParts,
  lanes: readonly Lane[],
  options: WebhookOptions,
  draining: AbortSignal,
  ring: () => void,
): Promise<void> {
  const { concurrency = 5 } = options
  const claimMilliseconds = options.claimMilliseconds ?? parts.timeoutMilliseconds + CLAIM_MARGIN_MILLISECONDS
  const free = lanes.filter(({ sending }) => sending.size < concurrency)
  if (free.length === 0 || draining.aborted) return
  const wants = free.map(({ endpoint, sending }) => ({
    endpoint: endpoint.name,
    limit: concurrency - sending.size,
  }))
  const claimed = await parts.repository.webhooks.claim(wants, claimMilliseconds)
  for (const delivery of claimed) {
    const lane = free.find(({ endpoint }) => endpoint.name === delivery.endpoint)
    if (lane !== undefined) send(parts, lane, delivery, () => lane.sending.size >= concurrency - 1 && ring())
  }
}

/** When an endpoint was busy, the end of a request is a reason to look for the next delivery at once. */
function send(parts: DispatcherParts, lane: Lane, delivery: ClaimedDelivery, ended: () => void): void {
  const one: Promise<void> = attemptDelivery(parts, lane.endpoint, delivery).finally(() => {
    lane.sending.delete(one)
    ended()
  })
  lane.sending.add(one)
}

/** A signal for each sleep, which is aborted by the drain or when somebody rings. */
function wakeUpCall(draining: AbortSignal): {
  readonly signal: () => AbortSignal
  readonly ring: () => void
} {
  let current = new AbortController()
  const ring = () => current.abort(new Error('there may be work'))
  draining.addEventListener('abort', ring, { once: true })
  return {
    ring,
    signal: () => {
      const { signal } = current
      if (signal.aborted && !draining.aborted) current = new AbortController()
      return signal
    },
  }
}

/** Once an hour, in small pieces. */
function pruner(
  { repository, clock }: DispatcherParts,
  keepMilliseconds: number,
): (draining: AbortSignal) => Promise<void> {
  let next = -Infinity
  return async (draining) => {
    if (clock.monotonic() < next) return
    next = clock.monotonic() + PRUNE_MILLISECONDS
    const before = new Date(clock.now().getTime() - keepMilliseconds)
    while (!draining.aborted && (await repository.events.prune(before, PAGE)) > 0);
  }
}
