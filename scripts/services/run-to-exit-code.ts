/** Runs a program of these scripts: its signals, its error, its exit code. */

import { endOfOwner } from './end-of-owner.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

/** The signal aborts when the program is asked to end; `work` then cleans up and rejects, or answers a code of its own. */
export async function runToExitCode(work: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const end = endOfOwner()
  try {
    process.exitCode = await work(end.signal)
  } catch (error) {
    if (end.signal.aborted) process.exitCode = end.exitCode()
    else if (error instanceof ServicesUnavailable) {
      process.stderr.write(`${error.message}\n`)
      process.exitCode = 1
    } else throw error
  } finally {
    end.close()
  }
}
