/** What every process that we fork does towards the one that has forked it. */
import { sealed } from './sealed-message.ts'

/** After an end that was asked for: to say goodbye to the database. */
const GOODBYE_MILLISECONDS = 3_000

/** A signal from the terminal or the service manager reaches the parent too, which tells us what is to be done. */
export function leaveSignalsToParent(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

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
