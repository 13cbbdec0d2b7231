/** Runs commands at the same time, and shows what they say one after the other, as if they had run so. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'

/** A piece of what a command says. */
export type Say = (stream: 'stdout' | 'stderr', text: string) => void

/**
 * Answers the greatest of the exit codes; that of a command that was killed is 128 and the signal's number. What the first says is
 * shown as it comes, what another says when all before it have ended. When the signal aborts, all are interrupted, as by Ctrl-C,
 * and their ends are waited for.
 */
export async function runSideBySide(
  commands: readonly (readonly string[])[],
  say: Say,
  signal: AbortSignal,
): Promise<number> {
  const children = commands.map(([program = '', ...args]) =>
    spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }),
  )
  const end = (): void => children.forEach((child) => void child.kill('SIGINT'))
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  try {
    return await exitCodeOf(children, say)
  } finally {
    signal.removeEventListener('abort', end)
  }
}

async function exitCodeOf(children: readonly ChildProcess[], say: Say): Promise<number> {
  const running = children.map((child) => ({ exitCode: endOf(child), show: heldBack(child, say) }))
  const exitCodes: number[] = []
  for (const { exitCode, show } of running) {
    show()
    exitCodes.push(await exitCode)
  }
  return Math.max(...exitCodes)
}

/** Read all along, so that a full pipe never holds a command up; said when the answer is called, and at once from then on. */
function heldBack(child: ChildProcess, say: Say): () => void {
  const held: Parameters<Say>[] = []
  let tell: Say = (...piece) => void held.push(piece)
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (text: string) => tell(stream, text))
  return () => {
    for (const piece of held) say(...piece)
    tell = say
  }
}

async function endOf(child: ChildProcess): Promise<number> {
  const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + constants.signals[killedBy ?? 'SIGKILL']
}
