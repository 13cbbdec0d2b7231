/** Worker processes on this machine: forks of Node that load the project again and talk over a channel. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type {
  WorkerProcess,
  WorkerProcesses,
  WorkerProcessEnd,
  WorkerWatch,
} from '../core/ports/worker-processes.ts'
import { unsealed } from '../process/sealed-message.ts'
import type { FromWorker, ToWorker, WorkerModule } from './messages.ts'

/** Their output goes to our standard error: standard output is the command's result. They end when we do. */
export function forkedWorkers(module: WorkerModule): WorkerProcesses {
  const place = {
    module: String(module.module),
    export: module.export ?? 'default',
    argument: module.argument,
  }
  return {
    start: (assignment, watch) => {
      const child = fork(fileURLToPath(new URL('./worker-process.js', import.meta.url)), {
        serialization: 'advanced',
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
      })
      const toWorker = (message: ToWorker) => {
        if (child.connected) child.send(message, () => {}) // one that is gone is noticed by its exit
      }
      child.stdout?.on('data', (text: Uint8Array) => void process.stderr.write(text))
      child.stderr?.on('data', (text: Uint8Array) => void process.stderr.write(text))
      const ended = endOf(child, watch)
      toWorker({ type: 'work', module: place, assignment })
      return workerProcess(child, ended, toWorker)
    },
  }
}

function workerProcess(
  child: ChildProcess,
  ended: Promise<WorkerProcessEnd>,
  toWorker: (message: ToWorker) => void,
): WorkerProcess {
  return {
    pid: child.pid,
    ended,
    drain: () => toWorker({ type: 'drain' }),
    stop: (reason) => toWorker({ type: 'stop', reason }),
    abort: (reason) => toWorker({ type: 'abort', reason }),
    kill: () => void child.kill('SIGKILL'),
  }
}

function endOf(child: ChildProcess, watch: WorkerWatch): Promise<WorkerProcessEnd> {
  let last: WorkerProcessEnd | undefined
  child.on('message', (heard) => {
    const message = unsealed<FromWorker>(heard)
    switch (message?.type) {
      case undefined:
        return
      case 'began':
        return watch.began(message.workerId)
      case 'progressed':
        return watch.progressed(message.stepExecutionId, message.counts)
      case 'chunks-committed':
        return watch.chunksCommitted(message.chunks)
      case 'partition-ended':
        return watch.partitionEnded(message.status)
      case 'finished':
        last = { kind: 'finished' }
        return
      case 'failed':
        last = died(child, `failed: ${message.reason}`)
        return
      default:
        message satisfies never
    }
  })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.exitCode === null && child.pid === undefined)
        resolve(died(child, `could not be started: ${error.message}`))
    })
    // After the streams: what it printed last comes before what we say of it.
    child.once('close', (code, signal) =>
      resolve(last ?? died(child, signal === null ? `exited with code ${code}` : `was ended by ${signal}`)),
    )
  })
}

function died({ pid }: ChildProcess, what: string): WorkerProcessEnd {
  return { kind: 'died', reason: `worker process ${pid ?? ''} ${what}` }
}
