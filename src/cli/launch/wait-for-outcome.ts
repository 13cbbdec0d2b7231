/** Stays with an execution of a server to its end: over restarts of the server, and on to the execution that continues it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isLive, type BatchStatus } from '../../core/model/batch-status.ts'
import type { ApiClient, Json } from './api-client.ts'
import { isAway } from './ask-to-launch.ts'
import { serverRefusal } from './server-refusal.ts'

export interface RemoteWait {
  readonly jobExecutionId: string
  readonly patienceMilliseconds: number
  readonly signal: AbortSignal
  readonly tell: (line: string) => void
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
  readonly client: ApiClient
  readonly until: number
}

/** @throws BatchError as the server refuses; SERVER_UNREACHABLE when it has been away for five minutes */
export async function waitForOutcome(client: ApiClient, wait: RemoteWait): Promise<RemoteOutcome> {
  const state: WaitState = { ...wait, client, until: performance.now() + wait.patienceMilliseconds }
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
    const asked = performance.now()
    const seconds = Math.max(0, Math.min(LONGEST_POLL_SECONDS, Math.ceil((state.until - asked) / 1000)))
    const execution = await ask(state, `api/v1/executions/${id}?wait=${seconds}s`)
    if (execution === undefined) return undefined
    if (!isLive(execution['status'] as BatchStatus)) return execution
    if (performance.now() >= state.until) return undefined
    // A server that is ending answers at once.
    if (performance.now() - asked < PAUSE_MILLISECONDS) await pause(state)
  }
}

/** The execution that goes on with it. */
async function continuationOf(state: WaitState, execution: Json): Promise<string | undefined> {
  const { jobExecutionId: id, jobInstanceId: instance, status } = execution
  if (status !== 'STOPPED' && status !== 'FAILED') return undefined
  const until = isInterrupted(execution) ? performance.now() + CONTINUED_MILLISECONDS : 0
  for (;;) {
    const page = await ask(state, `api/v1/executions?instance=${String(instance)}&limit=1`)
    const [latest] = (page?.['items'] ?? []) as readonly Json[]
    if (latest !== undefined && latest['jobExecutionId'] !== id) return String(latest['jobExecutionId'])
    if (page === undefined || performance.now() > Math.min(until, state.until)) return undefined
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
    const now = performance.now()
    if (!isAway(answer) || now - (awaySince ?? now) > AWAY_MILLISECONDS)
      throw serverRefusal(client.server, answer)
    if (now >= until) return undefined
    if (awaySince === undefined) tell('the server does not answer; it is asked again')
    awaySince ??= now
    await pause(state)
  }
}

function pause({ signal }: WaitState): Promise<void> {
  return sleep(PAUSE_MILLISECONDS, undefined, { signal })
}
