/** Tells when whoever started this program wants it to end: by a signal, or by being gone. */

import { constants } from 'node:os'

export interface EndOfOwner {
  readonly signal: AbortSignal
  /** What a shell makes of the signal that came. */
  readonly exitCode: () => number
  readonly close: () => void
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const POLL_MS = 500

/** Further signals change nothing: npm passes on the Ctrl-C that the terminal has already sent. */
export function endOfOwner(): EndOfOwner {
  const controller = new AbortController()
  let received: (typeof SIGNALS)[number] = 'SIGTERM'
  const end = (signal: (typeof SIGNALS)[number]): void => {
    if (controller.signal.aborted) return
    received = signal
    controller.abort(new Error(`ended by ${signal}`))
  }
  for (const signal of SIGNALS) process.on(signal, end)
  // An npm that is killed with SIGKILL tells nobody: its children get another parent.
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid !== parent) end('SIGHUP')
  }, POLL_MS)
  timer.unref()
  return {
    signal: controller.signal,
    exitCode: () => 128 + constants.signals[received],
    close: () => clearInterval(timer),
  }
}
