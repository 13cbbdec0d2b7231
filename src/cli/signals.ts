/**
 * The first SIGTERM, SIGINT or SIGHUP asks the run to stop at its next chunk, which has a grace to be finished in; the second
 * gives it up.
 */
import type { StartedJob } from '../core/operator/started-job.ts'

export interface SignalWatch extends Disposable {
  /** Aborted by the first signal: for what waits before the job has started. */
  readonly stop: AbortSignal
  /** From now on signals go to this run, those that came before too. */
  readonly direct: (run: Pick<StartedJob, 'stop' | 'abort'>) => void
  /** The exit code of a run that was given up; undefined while nobody has asked for that. */
  readonly givenUp: () => number | undefined
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 143 } as const
type Signal = keyof typeof EXIT_CODES
const SIGNALS = Object.keys(EXIT_CODES) as readonly Signal[]

/** npm and npx pass on the Ctrl-C that the terminal has already given to us, so that one press arrives twice. */
const SAME_PRESS_MILLISECONDS = 300
const TIME_TO_RECORD_MILLISECONDS = 2000

/**
 * Takes the signals over until it is disposed of. States: none → stopping → given up; there the process ends after two
 * seconds, within which the end is recorded if the database answers. Else a lease that nobody renews lets the next start
 * recover it.
 */
export function watchSignals(tell: (line: string) => void, graceSeconds: number): SignalWatch {
  const grace = graceSeconds === Infinity ? undefined : { graceMilliseconds: graceSeconds * 1000 }
  const stop = new AbortController()
  let run: Pick<StartedJob, 'stop' | 'abort'> | undefined
  let first: { readonly signal: Signal; readonly at: number } | undefined
  let exitCode: number | undefined

  const onSignal = (signal: Signal) => {
    const now = performance.now()
    if (first === undefined) {
      first = { signal, at: now }
      tell(stoppingText(signal, run === undefined ? undefined : graceSeconds))
      stop.abort(new Error(reasonOf(signal)))
      run?.stop(reasonOf(signal), grace)
    } else if (exitCode === undefined && now - first.at > SAME_PRESS_MILLISECONDS) {
      exitCode = EXIT_CODES[signal]
      tell(`second signal (${signal}): giving up, the open chunk is rolled back`)
      run?.abort(`given up at a second signal, ${signal}`)
      endProcess(exitCode, run === undefined ? 0 : TIME_TO_RECORD_MILLISECONDS)
    }
  }
  const direct = (started: Pick<StartedJob, 'stop' | 'abort'>) => {
    run = started
    if (first !== undefined) started.stop(reasonOf(first.signal), grace)
  }
  const dispose = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return { stop: stop.signal, direct, givenUp: () => exitCode, [Symbol.dispose]: dispose }
}

function reasonOf(signal: Signal): string {
  return `stopped by ${signal}`
}

function stoppingText(signal: Signal, graceSeconds: number | undefined): string {
  const what =
    graceSeconds === undefined
      ? 'nothing is started any more'
      : `the open chunk is finished${graceSeconds === Infinity ? '' : ` within ${graceSeconds} s`}, then the job stops`
  return `${signal}: ${what} (a second signal gives up)`
}

/** Not awaited by anything: when all ends by itself before, so does this. */
function endProcess(exitCode: number, afterMilliseconds: number): void {
  setTimeout(() => process.exit(exitCode), afterMilliseconds).unref()
}
