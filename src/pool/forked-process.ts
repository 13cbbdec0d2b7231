/** A process of the pool as the server sees it: a fork of Node that loads the project again and talks over a channel. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { BatchError } from '../core/model/batch-error.ts'
import { unsealed } from '../process/sealed-message.ts'
import type { ObservationSource } from '../telemetry/metrics-registry.ts'
import type { WorkerModule } from '../workers/messages.ts'
import { unpackError } from './packed-error.ts'
import type { FromPoolProcess, PoolAnswer, PoolRequest, ToPoolProcess } from './pool-messages.ts'

export interface PoolProcess {
  readonly pid: number | undefined
  /** Resolves when the project is loaded. @throws BatchError why it cannot be; WORKER_PROCESS_DIED */
  readonly ready: Promise<void>
  /**
   * One request at a time: the next may come when this one is over.
   * @throws BatchError as the operator in that process refuses; why the project cannot be loaded; WORKER_PROCESS_DIED
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

export interface PoolProcessOptions {
  readonly module: WorkerModule
  readonly orphanGraceMilliseconds: number
  /** It is killed when it takes longer to load the project. */
  readonly loadMilliseconds: number
  /** What it observes is told here; closed with it. */
  readonly source: ObservationSource | undefined
}

/**
 * Called once, before the answer where that is all: `free` takes the next request; `gone` has died, or is spoilt by an error that
 * nobody handled.
 */
export type Over = (state: 'free' | 'gone') => void

/** Its output goes to our standard error. It ends with us. */
export function forkPoolProcess({
  module,
  orphanGraceMilliseconds,
  loadMilliseconds,
  source,
}: PoolProcessOptions): PoolProcess {
  const child = fork(fileURLToPath(new URL('./pool-process.js', import.meta.url)), {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
  })
  child.stdout?.on('data', (text: Uint8Array) => void process.stderr.write(text))
  child.stderr?.on('data', (text: Uint8Array) => void process.stderr.write(text))
  const send = (message: ToPoolProcess) => {
    if (child.connected) child.send(message, () => {}) // one that is gone is noticed by its exit
  }
  const place = {
    module: String(module.module),
    export: module.export ?? 'default',
    argument: module.argument,
  }
  const loading = limitLoading(child, loadMilliseconds)
  const ended = endOf(child).then((how) => loading.how() ?? how)
  const ready = readyOf(child, ended)
  ready.then(loading.over, loading.over)
  if (source !== undefined) tellObservations(child, ended, source)
  send({ type: 'open', module: place, orphanGraceMilliseconds })
  return {
    pid: child.pid,
    ready,
    ended,
    ask: async (request, over) => {
      const answer = listen(child, ended, over)
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

/** Nobody would ever be told why their launch has no answer. */
function limitLoading(child: ChildProcess, milliseconds: number) {
  let how: string | undefined
  const timer = setTimeout(() => {
    how = `has not loaded the project within ${milliseconds / 1000} s, and was killed`
    child.kill('SIGKILL')
  }, milliseconds)
  return { how: () => how, over: () => clearTimeout(timer) }
}

/** After the channel: what it said last may be read after its exit. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(`could not be started: ${error.message}`)
    })
    child.once('exit', (code, signal) => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      if (child.connected) child.once('disconnect', () => resolve(how))
      else resolve(how)
    })
  })
}

function tellObservations(child: ChildProcess, ended: Promise<string>, source: ObservationSource): void {
  child.on('message', (heard) => {
    const message = unsealed<FromPoolProcess>(heard)
    if (message?.type === 'observed') source.tell(message.observation)
  })
  void ended.then(source.close)
}

function readyOf(child: ChildProcess, ended: Promise<string>): Promise<void> {
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (heard) => {
      const message = unsealed<FromPoolProcess>(heard)
      if (message?.type === 'ready') resolve()
      else if (message?.type === 'failed') reject(unpackError(message.error))
    })
    void ended.then((how) => reject(died(child, how)))
  })
  ready.catch(() => {}) // whoever asks is told
  return ready
}

/** The messages about one request. Those before it belong to earlier ones, which are over. */
function listen(child: ChildProcess, ended: Promise<string>, over: Over): Promise<PoolAnswer> {
  const answer = new Promise<PoolAnswer>((resolve, reject) => {
    const end = (state: 'free' | 'gone'): void => {
      child.off('message', hear)
      over(state)
    }
    const hear = (heard: unknown): void => {
      const message = unsealed<FromPoolProcess>(heard)
      switch (message?.type) {
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
        case undefined:
          return
        default:
          message satisfies never
      }
    }
    child.on('message', hear)
    void ended.then((how) => {
      reject(died(child, how))
      if (child.listeners('message').includes(hear)) end('gone')
    })
  })
  answer.catch(() => {}) // where the project cannot be loaded, that is what is told
  return answer
}

function died({ pid }: ChildProcess, how: string): BatchError {
  return new BatchError(
    'WORKER_PROCESS_DIED',
    `The process ${pid ?? ''} of the pool ${how} before it answered. Whether something was launched is on record: ask again ` +
      'with the same parameters, and the same idempotency key where there was one.',
    { details: { pid: pid ?? null, how } },
  )
}
