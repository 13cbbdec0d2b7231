/** Chooses ports for servers that are killed and started again on them. */

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { ServicesUnavailable } from './services-unavailable.ts'

export const LOCALHOST = '127.0.0.1'

/**
 * Below the range from which systems give ports to outgoing connections (32768 on Linux): while a server is down, a
 * client that tries to connect again and again could otherwise be given the server's own port, and keep it.
 */
const FIRST = 20_000
const BEHIND_LAST = 32_000
const ATTEMPTS = 100

/** Different ones, on which nobody listens now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>()
  for (let attempt = 0; attempt < ATTEMPTS && ports.size < count; attempt += 1) {
    const port = randomInt(FIRST, BEHIND_LAST)
    if (await isFree(port)) ports.add(port)
  }
  if (ports.size === count) return [...ports]
  throw new ServicesUnavailable(
    `No free ports were found between ${FIRST} and ${BEHIND_LAST} on ${LOCALHOST}.`,
  )
}

/** Throws ServicesUnavailable when something listens there. */
export async function requireFree(server: string, port: number): Promise<void> {
  if (await isFree(port)) return
  throw new ServicesUnavailable(
    `${server} cannot listen on ${LOCALHOST}:${port}: the port is taken, or forbidden to this user. ` +
      `End what listens there (\`ss -ltnp 'sport = :${port}'\` names it), or name another port.`,
  )
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, LOCALHOST, () => server.close(() => resolve(true)))
  })
}
