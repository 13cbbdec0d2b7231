/** Ends this process when its parent has died and its own event loop is too busy to notice. */
import { Worker } from 'node:worker_threads'
import { MARGIN_MILLISECONDS } from './end-or-kill.ts'

/** Handed to the thread when it begins. */
export interface OrphanWatch {
  readonly parent: number
  /** From the parent's death to ours. */
  readonly patienceMilliseconds: number
}

/**
 * A job that computes for minutes never hears that the channel is closed. A thread of its own does, and kills the process when the
 * grace is long over: nobody would ever end it otherwise. It never keeps the process alive.
 */
export function watchForOrphans(graceMilliseconds: number): void {
  const watch: OrphanWatch = {
    parent: process.ppid,
    patienceMilliseconds: graceMilliseconds + MARGIN_MILLISECONDS,
  }
  const thread = new Worker(new URL('./orphan-watch-thread.js', import.meta.url), { workerData: watch })
  thread.on('error', () => {}) // the watch alone must not end a process that is at work
  thread.unref()
}
