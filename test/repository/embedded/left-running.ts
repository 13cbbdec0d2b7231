/** What still runs for a home: its server, backends, watcher, initdb. */

import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { findServerProcesses } from '../../../src/repository/embedded/server-processes.ts'
import { identifyProcess } from '../../../src/repository/embedded/running-process.ts'
import { homeAt } from '../../../src/repository/embedded/home.ts'

/** One line for each, so that a failing test shows what it was. Zombies do not count: their parent reaps them. */
export function leftRunning(root: string): readonly string[] {
  const listed = execFileSync('ps', ['-axww', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n')
  const named = listed.filter((line) => line.includes(root) && !/holder\.js|mocha| ps /.test(line))
  const alive = named.filter((line) => identifyProcess(Number.parseInt(line)) !== undefined)
  return [...alive, ...findServerProcesses(homeAt(root).data).map((pid) => `${pid} of the server`)]
}

/** Rejects with the last answer when nothing is left only after the time has passed. */
export async function nothingLeftRunning(root: string, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const left = leftRunning(root)
    if (left.length === 0) return
    if (Date.now() > deadline) throw new Error(`still running after ${withinMs} ms:\n${left.join('\n')}`)
    await delay(50)
  }
}

/** Waits for something that is about to happen, and says what it was when it did not. */
export async function eventually(what: string, happened: () => boolean, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!happened()) {
    if (Date.now() > deadline) throw new Error(`did not happen in ${withinMs} ms: ${what}`)
    await delay(2)
  }
}
