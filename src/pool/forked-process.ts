/** A process of the pool as the server sees it: a fork of Node that loads the project again and talks over a channel. */
import type { ChildProcess } from 'node:child_process'
import { BatchError } from '../core/model/batch-error.ts'
import { type Fork, forkNode } from '../process/fork-node.ts'
import { openFork, type OpenForkOptions } from './open-fork.ts'
import { unpackError } from './packed-error.ts'
import type { FromPoolProcess, PoolAnswer, PoolRequest, ToPoolProcess } from './pool-messages.ts'

export interface PoolProcess {
  readonly pid: number | undefined
  /** Resolves when the project is loaded. @throws BatchError why it cannot be; POOL_PROCESS_DIED */
  readonly ready: Promise<void>
  /**
   * One request at a time: the next may come when this one is over.
   * @throws BatchError as the operator in that process refuses; why the project cannot be loaded; POOL_PROCESS_DIED
   */
  readonly ask: (request: PoolRequest, over: Over) => Promise<PoolAnswer>
  /** What it runs is stopped, and on record as to be continued by another server. */
  readonly interrupt: (reason: string, graceMilliseconds: number | null) => void
  readonly abort: (reason: string) => void
  /** It is idle and no longer needed. */
  readonly end: () => void
  readonly kill: () => void
  /** How it ended, in words. */
  readonly ended: Promise<string>
}

/**
 * Called once, before the answer where that is all: `free` takes the next request; `gone` has died, or is spoilt by an error that
 * nobody handled.
 */
export type Over = (state: 'free' | 'gone') => void

type Forked = Fork<ToPoolProcess, FromPoolProcess>

/** It ends with us. */
export function forkPoolProcess(options: Omit<OpenForkOptions, 'died'>): PoolProcess {
  const forked: Forked = forkNode(new URL('./pool-process.js', import.meta.url))
  const { child, send } = forked
  const { ready, ended } = openFork(forked, { ...options, died: (how) => died(child, how) })
  const endings = endingsOf(ended)
  return {
    pid: child.pid,
    ready,
    ended,
    ask: async (request, over) => {
      const answer = listen(forked, endings, over)
      send({ type: 'ask', request })
      await ready
      return answer
    },
    interrupt: (reason, graceMilliseconds) => send({ type: 'interrupt', reason, graceMilliseconds }),
    abort: (reason) => send({ type: 'abort', reason }),
    end: () => send({ type: 'end' }),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** The messages about one request. Those before it belong to earlier ones, which are over. */
function listen({ child, hear }: Forked, endings: Endings, over: Over): Promise<PoolAnswer> {
  const answer = new Promise<PoolAnswer>((resolve, reject) => {
    const end = (state: 'free' | 'gone'): void => {
      stopHearing()
      endings.delete(isGone)
      over(state)
    }
    const stopHearing = hear((message) => {
      switch (message.type) {
        case 'answered':
          if (message.isOver) end('free')
          return resolve(message.answer)
        case 'refused':
          end('free')
          return reject(unpackError(message.error))
        case 'free':
          return end('free')
        case 'ready':
        case 'failed':
        case 'observed':
          return
        default:
          message satisfies never
      }
    })
    const isGone = (how: string): void => {
      reject(died(child, how))
      end('gone')
    }
    endings.add(isGone)
  })
  answer.catch(() => {}) // where the project cannot be loaded, that is what is told
  return answer
}

/** Who is told of the end of the process. A request leaves nothing behind when it is over: a process may serve a million. */
interface Endings {
  /** Told at once where it has ended already. */
  readonly add: (listener: (how: string) => void) => void
  readonly delete: (listener: (how: string) => void) => void
}

function endingsOf(ended: Promise<string>): Endings {
  const listeners = new Set<(how: string) => void>()
  let end: string | undefined
  void ended.then((how) => {
    end = how
    for (const listener of listeners) listener(how)
  })
  return {
    add: (listener) => {
      if (end === undefined) listeners.add(listener)
      else listener(end)
    },
    delete: (listener) => void listeners.delete(listener),
  }
}

function died({ pid }: ChildProcess, how: string): BatchError {
  return new BatchError(
    'POOL_PROCESS_DIED',
    `The process ${pid ?? ''} of the pool ${how} before it answered. Whether something was launched is on record: ask again ` +
      'with the same parameters, and the same idempotency key where there was one.',
    { details: { pid: pid ?? null, how } },
  )
}
