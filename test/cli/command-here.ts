/** Runs a command line in the process of the tests: for commands that look, or ask others; those that run jobs have their own. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { tmpdir } from 'node:os'
import { runCommandLine } from '../../src/cli/command-line.ts'
import type { CommandEnd, CommandOptions } from './command.ts'

const STREAMS = ['stdout', 'stderr'] as const

/** What the command at work has said so far. Beside it mocha writes to the same streams. */
const saying = new AsyncLocalStorage<Record<(typeof STREAMS)[number], string>>()

for (const stream of STREAMS) {
  const write = process[stream].write.bind(process[stream]) as (...args: readonly unknown[]) => boolean
  process[stream].write = (...args: readonly unknown[]): boolean => {
    const said = saying.getStore()
    if (said === undefined) return write(...args)
    said[stream] += String(args[0])
    return true
  }
}

/** As `command`, twenty times as fast. Config and jobs are loaded once only, and see the environment of the tests. */
export async function commandHere(
  args: readonly string[],
  { cwd = tmpdir(), environment = {} }: Omit<CommandOptions, 'input'> = {},
): Promise<CommandEnd> {
  const said = { stdout: '', stderr: '' }
  const exitCode = await saying.run(said, () => runCommandLine(args, { environment, cwd }))
  return { exitCode, ...said }
}
