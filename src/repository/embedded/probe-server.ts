/** Asks a server whether it is there, without a driver and without a session. */

import { connect, type NetConnectOpts } from 'node:net'

/** Length 8 and the number that asks for TLS; every server answers one letter, before any authentication. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const PATIENCE_MILLISECONDS = 2000

/**
 * Whether the server answers. `postmaster.pid` may still say "ready" for some milliseconds after a `kill -9`, and
 * for ever when the server is frozen: the answer comes from a new child of a postmaster that lives.
 */
export function answers(address: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: PATIENCE_MILLISECONDS })
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => socket.write(SSL_REQUEST))
    socket.once('data', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
    socket.once('close', () => resolve(false))
  })
}
