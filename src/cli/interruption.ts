/** The first SIGTERM, SIGINT or SIGHUP of a command that only looks on: it ends, and changes nothing. */

export interface Interruption extends Disposable {
  readonly signal: AbortSignal
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** A second signal ends the process at once, as if nobody listened. */
export function watchInterruption(): Interruption {
  const controller = new AbortController()
  const stopListening = () => {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
  const interrupt = (signal: NodeJS.Signals) => {
    stopListening()
    controller.abort(new Error(`interrupted by ${signal}`))
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  return { signal: controller.signal, [Symbol.dispose]: stopListening }
}
