/** Processes that are killed at random, and started again at once. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A module that begins with the message it is sent, answers when it is at work, and ends itself in order at SIGTERM. */
export interface RestlessProcess {
  readonly module: URL
  readonly setting: object
}

export interface RestlessProcesses {
  /** Resolves when the time is over, with all of them at work. */
  readonly killFor: (seconds: number) => Promise<{ readonly kills: number }>
  /** Ends all in order, and resolves when they have. */
  readonly end: () => Promise<void>
  readonly killAll: () => void
}

export async function restlessProcesses(processes: readonly RestlessProcess[]): Promise<RestlessProcesses> {
  const children: ChildProcess[] = []
  const start = async (place: number) => {
    const { module, setting } = processes[place] as RestlessProcess
    const child = fork(module)
    children[place] = child
    child.send(setting)
    await Promise.race([once(child, 'message'), once(child, 'exit')])
  }
  await Promise.all(processes.map((_, place) => start(place)))
  return {
    killFor: async (seconds) => {
      const end = Date.now() + seconds * 1000
      let kills = 0
      for (; Date.now() < end; kills += 1) {
        await sleep(200 + Math.random() * 1200)
        const place = Math.floor(Math.random() * processes.length)
        await kill(children[place] as ChildProcess)
        await start(place)
      }
      return { kills }
    },
    end: async () => {
      const gone = children.map((one) => once(one, 'exit'))
      for (const one of children) one.kill('SIGTERM')
      await Promise.all(gone)
    },
    killAll: () => children.forEach((one) => one.kill('SIGKILL')),
  }
}

/** Half of them out of the blue, the others while they end in order. */
async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  if (Math.random() < 0.5) {
    child.kill('SIGTERM')
    await sleep(Math.random() * 100)
  }
  child.kill('SIGKILL')
  await gone
}
