/** Tools that are written in Python: their versions stand in python-requirements.txt, they are installed once, outside of every checkout. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { cachedFolder, fillCache } from './cache-folder.ts'
import { PYTHON_NEEDS, requireOnMachine } from './machine-needs.ts'
import { lastLines, runProgram } from './run-program.ts'
import { ServicesUnavailable } from './services-unavailable.ts'

const REQUIREMENTS = resolve('scripts/services/python-requirements.txt')

/**
 * Answers the Python in whose environment they are installed; a tool is run as `-m <module>`, because the environment was
 * moved to its place, and its programs begin with where it was.
 * @throws ServicesUnavailable when this machine has no Python with venv, or they cannot be installed
 */
export async function pythonWithTools(signal?: AbortSignal): Promise<string> {
  const name = `python-tools-${createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)}`
  await fillCache(name, (folder) => install(folder, signal), signal)
  return pythonOf(cachedFolder(name))
}

async function install(folder: string, signal?: AbortSignal): Promise<boolean> {
  requireOnMachine(PYTHON_NEEDS)
  await run(['python3', '-m', 'venv', folder], signal)
  const pip = [pythonOf(folder), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
  await run([...pip, '--requirement', REQUIREMENTS], signal)
  return true
}

async function run(command: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const { exitCode, output } = await runProgram(command, { signal })
  if (exitCode !== 0)
    throw new ServicesUnavailable(`${command.join(' ')} ended with ${exitCode}:\n${lastLines(output)}`)
}

function pythonOf(folder: string): string {
  return resolve(folder, 'bin', 'python')
}
