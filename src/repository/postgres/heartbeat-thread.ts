/** Keeps leases from a thread of its own, so that a busy event loop does not lose them. */
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { PoolConfig } from 'pg'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { Beating, BeatListener, Claim, HeartbeatAnswer } from '../../core/ports/lease.ts'
import type { PartitionStore } from '../../core/ports/partition-store.ts'
import type { TableNames } from './table-names.ts'

export interface BeatingThread {
  readonly keepBeating: Required<JobRepository>['keepBeating']
  readonly keepWorkerBeating: Required<PartitionStore>['keepWorkerBeating']
  readonly close: () => Promise<void>
}

/** Handed to the thread when it begins. */
export interface ThreadOrder {
  readonly connection: PoolConfig
  readonly tables: TableNames
}

export type ToThread =
  | {
      readonly type: 'keep'
      readonly key: number
      readonly claim: Claim
      /** Whose lease it is; undefined for that of the execution's owner. */
      readonly workerId: string | undefined
      readonly leaseMilliseconds: number
      /** One slot: when the last answered beat was sent, in nanoseconds of the process's monotonic clock; zero before. */
      readonly answered: BigInt64Array
    }
  | { readonly type: 'release'; readonly key: number }
  | { readonly type: 'close' }

export type FromThread =
  | { readonly type: 'answer'; readonly key: number; readonly answer: HeartbeatAnswer }
  | { readonly type: 'error'; readonly key: number; readonly message: string }

type Lease = Pick<Extract<ToThread, { type: 'keep' }>, 'claim' | 'workerId' | 'leaseMilliseconds'>

const FAREWELL_MILLISECONDS = 500

/**
 * One thread for all executions and workers of a repository, begun with the first, with a connection of its own. It never keeps the
 * process alive. Should it die, its silence shows, and the next execution begins another.
 */
export function beatingThread(connection: PoolConfig, tables: TableNames): BeatingThread {
  const listeners = new Map<number, BeatListener>()
  let worker: Worker | undefined
  let keys = 0
  const begin = (): Worker => {
    const begun = beginThread({ connection, tables }, listeners)
    begun.once('exit', () => {
      if (worker === begun) worker = undefined
    })
    return begun
  }
  const keep = (lease: Lease, listener: BeatListener): Beating => {
    const key = (keys += 1)
    const answered = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT))
    listeners.set(key, listener)
    worker ??= begin()
    const thread = worker
    send(thread, { type: 'keep', key, ...lease, answered })
    return beating(answered, () => {
      listeners.delete(key)
      send(thread, { type: 'release', key })
    })
  }
  return {
    keepBeating: (claim, leaseMilliseconds, listener) =>
      keep({ claim, workerId: undefined, leaseMilliseconds }, listener),
    keepWorkerBeating: (claim, workerId, leaseMilliseconds, listener) =>
      keep({ claim, workerId, leaseMilliseconds }, listener),
    close: async () => {
      if (worker === undefined) return
      const ending = worker
      const ended = new Promise((resolve) => ending.once('exit', resolve))
      send(ending, { type: 'close' })
      const patience = new AbortController()
      const over = wait(FAREWELL_MILLISECONDS, undefined, { signal: patience.signal }).catch(() => undefined)
      await Promise.race([ended, over])
      patience.abort() // or its timer would keep the process alive that long
      await ending.terminate()
    },
  }
}

function beginThread(order: ThreadOrder, listeners: ReadonlyMap<number, BeatListener>): Worker {
  // Without our flags: a loader that the process was started with has nothing to do there.
  const worker = new Worker(new URL('./heartbeat-loop.js', import.meta.url), {
    workerData: order,
    execArgv: [],
    name: 'batchwright heartbeat',
  })
  worker.unref()
  worker.on('message', (message: FromThread) => {
    const listener = listeners.get(message.key)
    if (message.type === 'answer') listener?.onAnswer(message.answer)
    else listener?.onError(new Error(message.message))
  })
  worker.on('error', (error) => {
    for (const listener of listeners.values()) listener.onError(error)
  })
  return worker
}

function beating(answered: BigInt64Array, release: () => void): Beating {
  return {
    silence: () => {
      const last = Atomics.load(answered, 0)
      return last === 0n ? Infinity : Number(process.hrtime.bigint() - last) / 1_000_000
    },
    close: release,
  }
}

function send(worker: Worker, message: ToThread): void {
  worker.postMessage(message)
}
