/**
 * What runs in the thread that beats. It has nothing else to do, so nothing holds it up. What a beat needs is loaded with the
 * first one: most executions end before it, and should not pay for it.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Pool } from 'pg'
import type { RunSql } from './fence.ts'
import type { FromThread, ThreadOrder, ToThread } from './heartbeat-thread.ts'

type Keep = Extract<ToThread, { type: 'keep' }>

const { connection, tables } = workerData as ThreadOrder
const port = parentPort
const released = new Map<number, AbortController>()
let pool: Promise<Pool> | undefined

port?.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'keep':
      void keep(message)
      break
    case 'release':
      released.get(message.key)?.abort()
      break
    case 'close':
      void close()
      break
    default:
      message satisfies never
  }
})

/** The launch has given a whole lease: an execution that ends within a sixth of it never costs a connection. */
async function keep(order: Keep): Promise<void> {
  const { key, leaseMilliseconds } = order
  const release = new AbortController()
  released.set(key, release)
  const { signal } = release
  let pause = leaseMilliseconds / 6
  while (await stillKept(pause, signal)) pause = await beat(order)
  released.delete(key)
}

async function stillKept(pause: number, signal: AbortSignal): Promise<boolean> {
  await wait(pause, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}

/** Answers how long to wait until the next one: three in a lease, and sooner where one has failed. */
async function beat({ key, claim, workerId, leaseMilliseconds, answered }: Keep): Promise<number> {
  const { heartbeat } = await import('./heartbeat.ts')
  const { beatWorker } = await import('./partition-workers.ts')
  const run = await runWithin(leaseMilliseconds)
  const begun = process.hrtime.bigint()
  try {
    const answer =
      workerId === undefined
        ? await heartbeat(run, tables, claim, leaseMilliseconds)
        : await beatWorker(run, tables, claim, workerId, leaseMilliseconds)
    Atomics.store(answered, 0, begun)
    tell({ type: 'answer', key, answer })
    if (answer.lease === 'lost') released.get(key)?.abort()
    return leaseMilliseconds / 3
  } catch (error) {
    tell({ type: 'error', key, message: error instanceof Error ? error.message : String(error) })
    return leaseMilliseconds / 12
  }
}

async function runWithin(leaseMilliseconds: number): Promise<RunSql> {
  const { beatPatience } = await import('./heartbeat.ts')
  const patience = beatPatience(leaseMilliseconds)
  return async <R>(text: string, values: readonly unknown[]) => {
    const opened = await (pool ??= openPool(leaseMilliseconds, patience))
    const statement = { text, values: [...values], query_timeout: patience }
    const { rows } = await opened.query<Record<string, unknown>>(statement)
    return rows as R[]
  }
}

/** A connection that fails is thrown away by the pool; the next beat opens another. */
async function openPool(leaseMilliseconds: number, patience: number): Promise<Pool> {
  const { default: pg } = await import('pg')
  const opened = new pg.Pool({
    ...connection,
    max: 2,
    connectionTimeoutMillis: patience,
    idleTimeoutMillis: leaseMilliseconds,
  })
  opened.on('error', () => {})
  return opened
}

async function close(): Promise<void> {
  for (const release of released.values()) release.abort()
  const opened = await pool
  await opened?.end()
  port?.close()
}

function tell(message: FromThread): void {
  port?.postMessage(message)
}
