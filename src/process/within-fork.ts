/** What every process that we fork does towards the one that has forked it. */
import { sealed } from './sealed-message.ts'

/** From the end of the channel: a parent that has died is replaced as ours sooner by far. */
const ORPHANED_MILLISECONDS = 1_000
const LOOK_MILLISECONDS = 20

/** After an end that was asked for: to say goodbye to the database. */
const GOODBYE_MILLISECONDS = 3_000

/** A signal from the terminal or the service manager reaches the parent too, which tells us what is to be done. */
export function leaveSignalsToParent(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * Calls `orphaned` when the parent has died. Where it lives and the channel is closed all the same, a job has done that
 * (`process.disconnect()`): nobody can tell us anything any more, so we die at once, and what runs here has lost its process.
 */
export function whenOrphaned(orphaned: () => void): void {
  const parent = process.ppid
  process.once('disconnect', () => {
    const closedAt = performance.now()
    const look = setInterval(() => {
      if (process.ppid !== parent) {
        clearInterval(look)
        return orphaned()
      }
      if (performance.now() - closedAt < ORPHANED_MILLISECONDS) return
      process.stderr.write(`error: ${CHANNEL_CLOSED}\n`)
      process.exit(1)
    }, LOOK_MILLISECONDS)
  })
}

const CHANNEL_CLOSED =
  'a job has closed the channel between its process and the server (process.disconnect()); the process ends, and what it runs ' +
  'counts as having lost its process'

/** `told` is called when it is sent, or at once where nobody is there. */
export function tellParent(message: object, told: () => void = () => {}): void {
  if (process.connected) process.send?.(sealed(message), told)
  else told()
}

/** Ends this process. What the project has left open must not keep one that is done. */
export async function exitAfter(goodbye: () => PromiseLike<void> | undefined, code: number): Promise<never> {
  setTimeout(() => process.exit(code), GOODBYE_MILLISECONDS).unref()
  try {
    await goodbye()
  } finally {
    process.exit(code)
  }
}
