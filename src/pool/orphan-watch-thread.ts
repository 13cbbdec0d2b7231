/** The thread of `watchForOrphans`. */
import { workerData } from 'node:worker_threads'
import type { OrphanWatch } from './orphan-watch.ts'

const LOOK_MILLISECONDS = 500

const { parent, patienceMilliseconds } = workerData as OrphanWatch

const timer = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(timer)
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), patienceMilliseconds)
}, LOOK_MILLISECONDS)
