/** Sends mutations until they are acknowledged or have failed for good. */
import { BatchError } from '../../core/model/batch-error.ts'
import { isTransient } from '../../core/model/transient-error.ts'
import type { CassandraMutation, CassandraSession } from '../cassandra-client.ts'
import {
  innerErrors,
  isAmbiguous,
  isWorthAnotherRead,
  isWorthAnotherWrite,
  troubleText,
} from '../cassandra-trouble.ts'
import { type Patience, patience } from '../patience.ts'
import { type Aftermath, aftermath, doesNotHold } from './conditional-write.ts'
import type { InFlightLimit } from './in-flight-limit.ts'
import type { ItemMutation } from './item-mutation.ts'
import type { WritePlan } from './write-plan.ts'

export interface Sending {
  readonly session: CassandraSession
  readonly plan: Pick<WritePlan<never>, 'options' | 'condition'>
  readonly limit: InFlightLimit
  readonly signal: AbortSignal
}

/** One mutation, or several of one partition. */
export type Request = readonly ItemMutation[]

/** Of an item that is not written, or of which nobody knows. */
export interface SendFailure {
  readonly index: number
  readonly error: unknown
}

/**
 * Sends as many at once as the limit allows; one that waits for another attempt keeps its place. Never rejects: settles when
 * nothing is under way any more. After an abort nothing is begun.
 *
 * Once the servers were waited for in vain nothing is begun either, and what is left fails as that has: each of a thousand items
 * would wait as long again, one after the other.
 */
export function sendAll(sending: Sending, requests: readonly Request[]): Promise<readonly SendFailure[]> {
  const { limit, signal } = sending
  const failures: SendFailure[] = []
  let next = 0
  let running = 0
  let inVain: SendFailure | undefined
  return new Promise((resolve) => {
    const settled = (failed: readonly SendFailure[] | undefined): void => {
      running -= 1
      if (failed !== undefined) {
        failures.push(...failed)
        inVain ??= waitedInVain(failed)
        if (inVain !== undefined) failures.push(...failedLike(inVain, requests.slice(next).flat()))
        if (inVain !== undefined) next = requests.length
      }
      begin()
    }
    // Promises for all that wait would cost more than the writes themselves.
    const begin = (): void => {
      while (running < limit.limit() && next < requests.length && !signal.aborted) {
        running += 1
        void sendRequest(sending, requests[next++] as Request).then(settled)
      }
      if (running === 0) resolve(failures)
    }
    begin()
  })
}

export function waitedInVain(failures: readonly SendFailure[]): SendFailure | undefined {
  return failures.find(({ error }) => isTransient(error))
}

export function failedLike({ error }: SendFailure, items: Request): readonly SendFailure[] {
  return items.map(({ index }) => ({ index, error }))
}

/** Never rejects. Undefined where all is written. */
async function sendRequest(sending: Sending, request: Request): Promise<readonly SendFailure[] | undefined> {
  const failure = await send(
    sending,
    request.map(({ mutation }) => mutation),
  )
  if (failure === undefined) return undefined
  const isRefused = !isWorthAnotherWrite(failure.error) && !sending.signal.aborted
  // A batch is refused as a whole: one by one tells which of them it is for.
  if (request.length > 1 && isRefused) {
    const alone = await Promise.all(request.map((one) => sendRequest(sending, [one])))
    return alone.flatMap((failed) => failed ?? [])
  }
  return request.map(({ index }) => ({ index, error: failure.error }))
}

type Failure = { readonly error: unknown } | undefined

async function send(sending: Sending, mutations: readonly CassandraMutation[]): Promise<Failure> {
  const { session, plan, limit, signal } = sending
  let waiting: Patience | undefined
  for (;;) {
    const begun = performance.now()
    try {
      const { applied } = await session.mutate(mutations, plan.options)
      limit.answered(performance.now() - begun)
      return applied ? undefined : notApplied(sending, mutations)
    } catch (error) {
      if (isWorthAnotherWrite(error)) limit.congested()
      waiting ??= patience()
      const next = await afterError(sending, mutations, error, waiting).catch(() => 'fails' as const)
      if (next === 'done') return undefined
      if (next === 'does not hold') return notApplied(sending, mutations)
      const isTriedAgain = next === 'again' && (await waiting.pause(signal).catch(() => false))
      if (!isTriedAgain) return { error: inALine(error) }
    }
  }
}

/** What becomes the item's error: the driver's own text of several hosts' errors has their stacks in it. */
function inALine(cause: unknown): unknown {
  if (innerErrors(cause).length === 0) return cause
  return new BatchError('WRITE_FAILED', troubleText(cause), { cause })
}

function notApplied({ plan }: Sending, [mutation]: readonly CassandraMutation[]): Failure {
  const isFailure = mutation !== undefined && plan.condition?.otherwise === 'fail'
  return isFailure ? { error: doesNotHold(mutation) } : undefined
}

type Next = 'again' | 'done' | 'does not hold' | 'fails'

/**
 * What would not be the same if it were done twice is only sent again where it is known that it was not done: of a condition that
 * is asked, of a counter nobody can tell.
 */
async function afterError(
  sending: Sending,
  mutations: readonly CassandraMutation[],
  error: unknown,
  waiting: Patience,
): Promise<Next> {
  const { plan, signal } = sending
  if (signal.aborted || !isWorthAnotherWrite(error)) return 'fails'
  if (plan.options.idempotent || !isAmbiguous(error)) return 'again'
  const [mutation] = mutations
  if (mutation === undefined || plan.condition === undefined) return 'fails'
  const found = await readAftermath(sending, mutation, waiting)
  return found === 'yes' ? 'done' : found === 'no' ? 'again' : 'does not hold'
}

async function readAftermath(
  { session, plan, signal }: Sending,
  mutation: CassandraMutation,
  waiting: Patience,
): Promise<Aftermath> {
  for (;;) {
    try {
      return await aftermath(session, mutation, plan.options.serialConsistency)
    } catch (error) {
      if (!isWorthAnotherRead(error) || !(await waiting.pause(signal))) throw error
    }
  }
}
