#!/usr/bin/env node
/** The `batchwright` command: the process around `runCommandLine`. */
import { runCommandLine } from './command-line.ts'
import { ignoreBrokenPipes, keepConsoleOffStandardOutput } from './output.ts'

const PATIENCE_MILLISECONDS = 3000

ignoreBrokenPipes()
keepConsoleOffStandardOutput()

let done = false
// A promise that never settles lets Node end in silence, with 0: a scheduler would take that for success.
process.once('exit', (code) => {
  if (done || code !== 0) return
  process.stderr.write(
    'error: the process has nothing left to wait for, but the command has not ended; some promise of the job never settles\n',
  )
  process.exitCode = 1
})

void runCommandLine(process.argv.slice(2), { environment: process.env, cwd: process.cwd() }).then(
  (exitCode) => {
    done = true
    process.exitCode = exitCode
    // The loop is left to drain. What a job has left open, such as a pool, must not keep a scheduler waiting for ever.
    setTimeout(endAnyway, PATIENCE_MILLISECONDS).unref()
  },
)

function endAnyway(): never {
  const open = process.getActiveResourcesInfo().join(', ')
  process.stderr.write(
    `warning: the command has ended, though something that the job opened has not: ${open}\n`,
  )
  process.exit()
}
