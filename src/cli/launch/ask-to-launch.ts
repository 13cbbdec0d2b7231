/** Orders a launch from a server: an answer that is lost is asked for again, and starts nothing twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiAnswer, ApiClient, Json } from './api-client.ts'
import { serverRefusal } from './server-refusal.ts'

export interface RemoteOrder {
  readonly jobName: string
  readonly body: Json
  /** Of this attempt. */
  readonly key: string
  /** How long a lost answer is asked for again. */
  readonly patienceMilliseconds: number
}

export interface Asking {
  readonly signal: AbortSignal
  /** To whoever waits. */
  readonly tell: (text: string) => void
}

const PAUSE_MILLISECONDS = 500

/** The launched execution. @throws BatchError as the server refuses, SERVER_UNREACHABLE */
export async function askToLaunch(
  client: ApiClient,
  order: RemoteOrder,
  { signal, tell }: Asking,
): Promise<Json> {
  const path = `api/v1/jobs/${encodeURIComponent(order.jobName)}/executions`
  const until = performance.now() + order.patienceMilliseconds
  let isLost = false
  for (;;) {
    const answer = await client.post(path, order.body, { 'Idempotency-Key': order.key }, signal)
    if (answer.kind === 'answered') return answer.body
    if (!isLost && mayBeLaunched(answer)) tell(lostText(answer))
    isLost ||= mayBeLaunched(answer)
    // What was never there to be lost is the caller's to ask for again.
    const isWorthAnother = isLost && (mayBeLaunched(answer) || isAway(answer))
    if (!isWorthAnother || performance.now() > until) throw serverRefusal(client.server, answer)
    await sleep(PAUSE_MILLISECONDS, undefined, { signal })
  }
}

function lostText(answer: ApiAnswer): string {
  const why = answer.kind === 'unreachable' ? `: ${answer.reason}` : ''
  return `the server gave no answer${why}; it is asked again, with the same key`
}

function mayBeLaunched(answer: ApiAnswer): boolean {
  return answer.kind === 'unreachable'
    ? answer.arrived
    : answer.kind === 'problem' && answer.status === 500
      ? true
      : answer.kind === 'problem' && answer.code === 'process-died'
}

/** For the moment. */
export function isAway(answer: ApiAnswer): boolean {
  return answer.kind === 'unreachable' || (answer.kind === 'problem' && [429, 503].includes(answer.status))
}
