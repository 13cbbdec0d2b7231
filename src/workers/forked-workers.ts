/** Worker processes on this machine: forks of Node that load the project again and talk over a channel. */
import type { ChildProcess } from 'node:child_process'
import type {
  WorkerProcess,
  WorkerProcesses,
  WorkerProcessEnd,
  WorkerWatch,
} from '../core/ports/worker-processes.ts'
import { type Fork, forkNode } from '../process/fork-node.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { modulePlace, type WorkerModule } from './module-place.ts'

/** They end when we do. */
export function forkedWorkers(module: WorkerModule): WorkerProcesses {
  const place = modulePlace(module)
  return {
    start: (assignment, watch) => {
      const worker: Worker = forkNode(new URL('./worker-process.js', import.meta.url))
      const ended = endOf(worker, watch)
      worker.send({ type: 'work', module: place, assignment })
      return workerProcess(worker, ended)
    },
  }
}

type Worker = Fork<ToWorker, FromWorker>

function workerProcess({ child, send }: Worker, ended: Promise<WorkerProcessEnd>): WorkerProcess {
  return {
    pid: child.pid,
    ended,
    drain: () => send({ type: 'drain' }),
    stop: (reason) => send({ type: 'stop', reason }),
    abort: (reason) => send({ type: 'abort', reason }),
    kill: () => void child.kill('SIGKILL'),
  }
}

function endOf({ child, hear }: Worker, watch: WorkerWatch): Promise<WorkerProcessEnd> {
  let last: WorkerProcessEnd | undefined
  hear((message) => {
    switch (message.type) {
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
