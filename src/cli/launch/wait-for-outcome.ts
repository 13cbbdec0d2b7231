/** Stays with an execution of a server to its end: over restarts of the server, and on to the execution that continues it. */
import { isLive, type BatchStatus } from '../../core/model/batch-status.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { systemClock } from '../../process/system-clock.ts'
import type { ApiClient, Json } from './api-client.ts'
import { isAway } from './ask-to-launch.ts'
import { serverRefusal } from './server-refusal.ts'

export interface RemoteWait {
  readonly jobExecutionId: string
  readonly patienceMilliseconds: number
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
  /** @default the machine's */
  readonly clock?: Clock
}

/** Undefined where the patience ran out. */
export type RemoteOutcome = { readonly execution: Json; readonly outcome: Json } | undefined

const LONGEST_POLL_SECONDS = 30
const PAUSE_MILLISECONDS = 1_000
/** A server that is away for longer will not be back by itself. */
const AWAY_MILLISECONDS = 300_000
/** An execution that was interrupted is continued by the next server as soon as that is up. */
const CONTINUED_MILLISECONDS = 30_000

interface WaitState extends RemoteWait {
  readonly clock: Clock
  readonly client: ApiClient
  readonly until: number
}

/** @throws BatchError as the server refuses; SERVER_UNREACHABLE when it has been away for five minutes */
export async function waitForOutcome(client: ApiClient, wait: RemoteWait): Promise<RemoteOutcome> {
  const { clock = systemClock } = wait
  const until = clock.monotonic() + wait.patienceMilliseconds
  const state: WaitState = { ...wait, clock, client, until }
  let id = wait.jobExecutionId
  for (;;) {
    const execution = await endOf(state, id)
    if (execution === undefined) return undefined
    const next = await continuationOf(state, execution)
    if (next === undefined) {
      const outcome = await ask(state, `api/v1/executions/${id}/outcome`)
      return outcome === undefined ? undefined : { execution, outcome }
    }
    wait.tell(`execution ${id} is ${String(execution['status'])}; execution ${next} continues it`)
    id = next
  }
}

async function endOf(state: WaitState, id: string): Promise<Json | undefined> {
  for (;;) {
    const asked = state.clock.monotonic()
    const seconds = Math.max(0, Math.min(LONGEST_POLL_SECONDS, Math.ceil((state.until - asked) / 1000)))
    const execution = await ask(state, `api/v1/executions/${id}?wait=${seconds}s`)
    if (execution === undefined) return undefined
    if (!isLive(execution['status'] as BatchStatus)) return execution
    if (state.clock.monotonic() >= state.until) return undefined
    // A server that is ending answers at once.
    if (state.clock.monotonic() - asked < PAUSE_MILLISECONDS) await pause(state)
  }
}

/** The execution that goes on with it. */
async function continuationOf(state: WaitState, execution: Json): Promise<string | undefined> {
  const { jobExecutionId: id, jobInstanceId: instance, status } = execution
  if (status !== 'STOPPED' && status !== 'FAILED') return undefined
  const until = isInterrupted(execution) ? state.clock.monotonic() + CONTINUED_MILLISECONDS : 0
  for (;;) {
    const page = await ask(state, `api/v1/executions?instance=${String(instance)}&limit=1`)
    const [latest] = (page?.['items'] ?? []) as readonly Json[]
    if (latest !== undefined && latest['jobExecutionId'] !== id) return String(latest['jobExecutionId'])
    if (page === undefined || state.clock.monotonic() > Math.min(until, state.until)) return undefined
    await pause(state)
  }
}

function isInterrupted({ status, operatorActions }: Json): boolean {
  const actions = ((operatorActions ?? []) as readonly Json[]).map(({ action }) => action)
  return status === 'STOPPED' && actions.includes('interrupt') && !actions.includes('stop')
}

/** Again and again while the server is away. Undefined where the patience runs out. */
async function ask(state: WaitState, path: string): Promise<Json | undefined> {
  const { client, signal, tell, until } = state
  let awaySince: number | undefined
  for (;;) {
    const answer = await client.get(path, signal)
    if (answer.kind === 'answered') {
      if (awaySince !== undefined) tell('the server is back')
      return answer.body
    }
    const now = state.clock.monotonic()
    if (!isAway(answer) || now - (awaySince ?? now) > AWAY_MILLISECONDS)
      throw serverRefusal(client.server, answer)
    if (now >= until) return undefined
    if (awaySince === undefined) tell('the server does not answer; it is asked again')
    awaySince ??= now
    await pause(state)
  }
}

function pause({ clock, signal }: WaitState): Promise<void> {
  return clock.sleep(PAUSE_MILLISECONDS, signal)
}
