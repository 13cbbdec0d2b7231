/** A server that takes webhooks, and does with them what a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export interface Received {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly path: string
  readonly at: number
}

export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly received: readonly Received[]
  /** Resolves when there are so many. */
  readonly until: (count: number) => Promise<readonly Received[]>
}

/** Answers the status, or does it itself. */
export type Answer = (
  request: Received,
  response: ServerResponse,
) => number | 'handled' | Promise<number | 'handled'>

export async function receiver(answer: Answer = () => 204, port = 0): Promise<Receiver> {
  const received: Received[] = []
  const waiting = new Set<() => void>()
  const server = createServer((incoming, response) => {
    void bodyOf(incoming).then(async (body) => {
      const headers = incoming.headers as Readonly<Record<string, string>>
      const request = { headers, body, path: incoming.url ?? '', at: Date.now() }
      received.push(request)
      for (const look of waiting) look()
      const status = await answer(request, response)
      if (status !== 'handled') response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const { port: listening } = server.address() as AddressInfo
  const until = (count: number) =>
    new Promise<readonly Received[]>((resolve) => {
      const look = () => {
        if (received.length < count) return
        waiting.delete(look)
        resolve(received)
      }
      waiting.add(look)
      look()
    })
  return {
    url: `http://127.0.0.1:${listening}/hooks?key=in-the-address`,
    received,
    until,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

export const SECRET: string = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export interface Payload {
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, unknown>>
}

/** By the reference implementation. */
export function verified({ headers, body }: Received, secret: string = SECRET): Payload {
  return new Webhook(secret).verify(body, headers) as Payload
}
