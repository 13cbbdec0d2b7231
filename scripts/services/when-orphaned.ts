/** Has a command run when this process dies without having taken it back: also after a SIGKILL. */

import { spawn } from 'node:child_process'

/**
 * A shell that waits at the other end of a pipe. The system closes the pipe when this process dies, however it dies; a
 * word that comes before means that all is in order.
 */
const KEEPER = `trap '' HUP INT TERM
read -r word && exit 0
exec "$@"`

/** The answer takes the command back; it may be called again. */
export function whenOrphaned(command: readonly string[]): () => void {
  const keeper = spawn('sh', ['-c', KEEPER, 'keeper', ...command], {
    cwd: '/',
    detached: true, // Ctrl-C in a terminal goes to the whole group.
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  keeper.on('error', () => undefined)
  keeper.stdin.on('error', () => undefined)
  keeper.unref()
  // A pipe to a child is a socket, which alone would keep the process alive.
  ;(keeper.stdin as unknown as { unref: () => void }).unref()
  return () => void keeper.stdin.end('in order\n')
}
