/** When a process began, which tells it from a later one with the same pid. */
import { readFileSync } from 'node:fs'

/** `ended` is a fact, zombies included: nothing will be written by it any more. `unknown` is all that cannot be known. */
export type ProcessStart =
  | { readonly state: 'running'; readonly startedAt: string }
  | { readonly state: 'ended' }
  | { readonly state: 'unknown' }

/**
 * From /proc, in clock ticks since boot. A file that is not there proves nothing by itself, since /proc can be mounted so
 * that it hides the processes of others: a process has ended only where the kernel does not know the pid either.
 */
export function processStart(pid: number, readStat: (pid: number) => string = readStatFile): ProcessStart {
  try {
    return parseStat(readStat(pid))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const isAbsent = code === 'ENOENT' || code === 'ESRCH'
    return { state: isAbsent && !isPidTaken(pid) ? 'ended' : 'unknown' }
  }
}

/** Whether the kernel knows the pid at all, zombies included. */
export function isPidTaken(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function readStatFile(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
}

/** State and start are fields 3 and 22, counted from the last `)`: a program's name may hold spaces and parentheses. */
function parseStat(stat: string): ProcessStart {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  const startedAt = fields[19]
  if (state === 'Z' || state === 'X') return { state: 'ended' }
  return startedAt === undefined ? { state: 'unknown' } : { state: 'running', startedAt }
}
