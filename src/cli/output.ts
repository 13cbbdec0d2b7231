/** Where a command writes: its result to standard output, everything else to standard error. */
import { styleText } from 'node:util'
import { terminalText } from './terminal-text.ts'

export interface Output {
  /** Whether results and errors are JSON. */
  readonly json: boolean
  /** A line of the result. */
  readonly result: (line: string) => void
  /** A line for the person who watches. */
  readonly tell: (line: string) => void
}

export function openOutput(json: boolean): Output {
  return {
    json,
    result: (line) => void process.stdout.write(`${json ? line : terminalText(line)}\n`),
    tell: (line) => void process.stderr.write(`${terminalText(line)}\n`),
  }
}

/** Who reads our output may go away (`| head`); the work goes on without them. */
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

/** What jobs and configs print with `console` would stand in the middle of a result, so it goes to standard error. */
export function keepConsoleOffStandardOutput(): void {
  console.log = console.error
  console.info = console.error
  console.debug = console.error
}

type Style = Parameters<typeof styleText>[0]

/** Plain where the stream is no terminal, or NO_COLOR is set. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
  return styleText(style, text, { stream })
}
