/** Chooses how a run's progress is shown, and keeps other text from running into it. */
import type { RunObserver } from '../core/ports/run-observer.ts'
import type { Output } from './output.ts'
import { progressBar, type ProgressBar } from './progress-bar.ts'
import { progressLines } from './progress-lines.ts'

export const PROGRESS_MODES = ['auto', 'bar', 'log', 'none'] as const
export type ProgressMode = (typeof PROGRESS_MODES)[number]

export interface ShownProgress extends Disposable {
  readonly observer: RunObserver
}

type Environment = Readonly<Record<string, string | undefined>>

export function showProgress(mode: ProgressMode, output: Output, environment: Environment): ShownProgress {
  const clock = () => performance.now()
  const chosen = mode === 'auto' ? automatic(environment) : mode
  switch (chosen) {
    case 'bar':
      return overTerminal(clock)
    case 'log':
      return { observer: progressLines(output.tell, clock), [Symbol.dispose]: () => {} }
    case 'none':
      return { observer: {}, [Symbol.dispose]: () => {} }
    default:
      return chosen satisfies never
  }
}

/** A bar is for a person: not in CI, and not on a terminal that cannot go back to the line's beginning. */
function automatic(environment: Environment): 'bar' | 'log' {
  const inCi = environment['CI'] !== undefined && environment['CI'] !== '' && environment['CI'] !== 'false'
  return process.stderr.isTTY && !inCi && environment['TERM'] !== 'dumb' ? 'bar' : 'log'
}

/** Whatever else is written to the terminal meanwhile, by jobs and loggers too, first takes the bar away. */
function overTerminal(clock: () => number): ShownProgress {
  const streams = [process.stderr, process.stdout].map((stream) => ({
    stream,
    write: stream.write.bind(stream),
  }))
  const toTerminal = process.stderr.write.bind(process.stderr)
  const bar = progressBar((text) => void toTerminal(text), terminalWidth, clock)
  for (const { stream, write } of streams) stream.write = hidingFirst(bar, write)
  return {
    observer: bar,
    [Symbol.dispose]: () => {
      for (const { stream, write } of streams) stream.write = write
      bar[Symbol.dispose]()
    },
  }
}

/** Some terminals say 0. */
function terminalWidth(): number {
  const { columns } = process.stderr
  return columns > 0 ? columns : 80
}

type Write = NodeJS.WriteStream['write']

function hidingFirst(bar: ProgressBar, write: Write): Write {
  return ((...args: Parameters<Write>) => {
    bar.hide()
    return write(...args)
  }) as Write
}
