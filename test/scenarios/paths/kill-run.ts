/** Runs a path to its end, killing somebody on the way as often as asked. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerProcess } from '../../../scripts/services/server-process.ts'
import { TRADES } from './trade.ts'
import { CHUNK_SIZE, type PathName, type Victim } from './paths.ts'
import type { PathWorld } from './world.ts'

export interface KillRun {
  readonly name: PathName
  readonly world: PathWorld
  readonly victim: Victim
  readonly kills: number
  readonly servers: Readonly<Record<Exclude<Victim, 'job'>, ServerProcess>>
  /** From 0 to below 1. */
  readonly random: () => number
}

const CHUNKS = TRADES / CHUNK_SIZE
const LONGEST_OUTAGE = 2_000
/** A step that fails because a server is away is started again, as a scheduler would; this often beside the starts that are killed. */
const MOST_RESTARTS = 20

/**
 * Spread over the run: each kill waits for a random share of the chunks that are left to it. Resolves when the job is COMPLETED
 * and everybody was killed as often as asked.
 */
export async function runWithKills(run: KillRun): Promise<void> {
  let killed = 0
  for (let start = 1; ; start += 1) {
    const child = startPath(run)
    while (killed < run.kills) {
      const share = (CHUNKS / (run.kills + 1)) * (0.2 + run.random() * 0.6)
      if ((await child.whenCommitted(Math.max(1, Math.floor(share)))) === 'ended') break
      await strike(run, child.process)
      killed += 1
      if (run.victim === 'job') break
    }
    const code = await child.ended
    if (code === 0 && killed < run.kills)
      throw new Error(`it was over before kill ${killed + 1} of ${run.kills}`)
    if (code === 0) return
    if (start > run.kills + MOST_RESTARTS)
      throw new Error(`it is not complete after ${start} starts:\n${child.errors()}`)
  }
}

async function strike({ victim, servers, random }: KillRun, child: ChildProcess): Promise<void> {
  if (victim === 'job') {
    child.kill('SIGKILL')
    return
  }
  await servers[victim].kill('SIGKILL')
  await sleep(random() * LONGEST_OUTAGE)
  await servers[victim].start()
}

interface PathProcess {
  readonly process: ChildProcess
  /** So many commits from now on, or the end of the process. */
  readonly whenCommitted: (chunks: number) => Promise<'committed' | 'ended'>
  readonly ended: Promise<number | null>
  readonly errors: () => string
}

function startPath({ name, world }: KillRun): PathProcess {
  const script = new URL('./path-process.js', import.meta.url).pathname
  const child = spawn(process.execPath, [script, name, JSON.stringify(world)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  let commits = 0
  const waiting = new Set<() => void>()
  child.stderr.on('data', (text) => (errors += String(text)))
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('committed ')) return
    commits += 1
    for (const look of waiting) look()
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  const whenCommitted = async (chunks: number): Promise<'committed' | 'ended'> => {
    const goal = commits + chunks
    const reached = new Promise<'committed'>((resolve) => {
      const look = (): void => {
        if (commits < goal) return
        waiting.delete(look)
        resolve('committed')
      }
      waiting.add(look)
      look()
    })
    return Promise.race([reached, ended.then(() => 'ended' as const)])
  }
  return { process: child, whenCommitted, ended, errors: () => errors }
}
