/** A port on which a fetch handler is asked. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import { BatchError } from '../../core/model/batch-error.ts'

export interface Listening {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Takes no more connections, and cuts those that are still open a second later. */
  readonly close: () => Promise<void>
}

const PATIENCE_MILLISECONDS = 1_000
/** Of a connection: streams send something four times a minute, and the longest poll lasts one. A client that takes nothing is cut. */
const SILENCE_MILLISECONDS = 900_000

/** @throws BatchError PORT_UNAVAILABLE */
export async function listen(
  fetch: (request: Request) => Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as Server
  server.timeout = SILENCE_MILLISECONDS
  const listening = once(server, 'listening')
  server.listen(port, host)
  try {
    await listening
  } catch (error) {
    throw unavailable(host, port, error)
  }
  const { address, family, port: taken } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const cutting = setTimeout(() => server.closeAllConnections(), PATIENCE_MILLISECONDS)
      await closed
      clearTimeout(cutting)
    },
  }
}

function unavailable(host: string, port: number, cause: unknown): BatchError {
  const { code } = cause as NodeJS.ErrnoException
  const why =
    code === 'EADDRINUSE'
      ? 'another process has it. End that one, or take another: --port'
      : code === 'EACCES'
        ? 'this user may not take it. Take one above 1023: --port'
        : `${String(cause)}. See --host and --port`
  return new BatchError('PORT_UNAVAILABLE', `The server cannot listen on port ${port} of ${host}: ${why}.`, {
    details: { host, port, code: code ?? null },
    cause,
  })
}
