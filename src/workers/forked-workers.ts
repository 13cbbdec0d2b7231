/** Worker processes on this machine: forks of Node that load the project again and talk over a channel. */
import type { ChildProcess } from 'node:child_process'
import type {
  WorkerProcess,
  WorkerProcesses,
  WorkerProcessEnd,
  WorkerWatch,
} from '../core/ports/worker-processes.ts'
import { forkNode } from '../process/fork-node.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { modulePlace, type WorkerModule } from './module-place.ts'

/** They end when we do. */
export function forkedWorkers(module: WorkerModule): WorkerProcesses {
  const place = modulePlace(module)
  return {
    start: (assignment, watch) => {
      const { child, send } = forkNode<ToWorker>(new URL('./worker-process.js', import.meta.url))
      const ended = endOf(child, watch)
      send({ type: 'work', module: place, assignment })
      return workerProcess(child, ended, send)
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
  child.on('message', (message: FromWorker) => {
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
