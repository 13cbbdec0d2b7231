/** Stands between `pg` and the server: writes down every statement that is run, and can lose answers. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { PoolConfig } from 'pg'

export interface WireProxy {
  readonly connection: PoolConfig
  /** The text of each statement that was run, in order, of all connections. */
  readonly statements: string[]
  /** The next COMMIT is done, and then its answer and the connection are lost. */
  readonly loseNextCommitAnswer: () => void
  /** The next COMMIT never reaches the server, and the connection is lost. */
  readonly loseNextCommit: () => void
  /** The next statement that contains this is done, and then its answer and the connection are lost. */
  readonly loseNextAnswerTo: (part: string) => void
  /** The next BEGIN arrives misspelt. */
  readonly breakNextBegin: () => void
  /** From now on nobody gets through. */
  readonly refuseConnections: () => void
  readonly acceptConnections: () => void
  readonly close: () => Promise<void>
}

interface Fate {
  loseAnswerTo: string | undefined
  loseThisAnswer: boolean
  loseAnswer: boolean
  loseCommit: boolean
  breakBegin: boolean
  refuse: boolean
}

export async function wireProxy(target: PoolConfig): Promise<WireProxy> {
  const statements: string[] = []
  const fate: Fate = {
    loseAnswerTo: undefined,
    loseThisAnswer: false,
    loseAnswer: false,
    loseCommit: false,
    breakBegin: false,
    refuse: false,
  }
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    if (fate.refuse) {
      client.destroy()
      return
    }
    const upstream = connect(`${target.host}/.s.PGSQL.${target.port}`)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    forward(client, upstream, frontendMessages(statements, fate), true)
    forward(upstream, client, backendMessages(fate), false)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    connection: { ...target, host: '127.0.0.1', port },
    statements,
    loseNextCommitAnswer: () => {
      fate.loseAnswer = true
    },
    loseNextCommit: () => {
      fate.loseCommit = true
    },
    loseNextAnswerTo: (part) => {
      fate.loseAnswerTo = part
    },
    breakNextBegin: () => {
      fate.breakBegin = true
    },
    refuseConnections: () => {
      fate.refuse = true
    },
    acceptConnections: () => {
      fate.refuse = false
    },
    close: () => closeAll(server, sockets),
  }
}

type Inspect = (type: string, body: Buffer) => 'pass' | 'lose'

/** Cuts the stream into messages; the first of a client has no type. */
function forward(from: Socket, to: Socket, inspect: Inspect, hasStartup: boolean): void {
  let rest = Buffer.alloc(0)
  let isStartup = hasStartup
  from.on('data', (data) => {
    rest = Buffer.concat([rest, data])
    for (;;) {
      const head = isStartup ? 0 : 1
      if (rest.length < head + 4) return
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      const verdict = isStartup ? 'pass' : inspect(String.fromCharCode(message[0] ?? 0), message.subarray(5))
      isStartup = false
      if (verdict === 'lose') {
        from.destroy()
        to.destroy()
        return
      }
      if (to.writable) to.write(message)
    }
  })
}

function frontendMessages(statements: string[], fate: Fate): Inspect {
  const prepared = new Map<string, string>()
  let bound = ''
  return (type, body) => {
    const begin = type === 'P' || type === 'Q' ? body.indexOf('begin isolation') : -1
    if (fate.breakBegin && begin >= 0) {
      fate.breakBegin = false
      body.write('bogus', begin)
    }
    if (type === 'P') prepared.set(text(body, 0), text(body, text(body, 0).length + 1))
    if (type === 'B') bound = prepared.get(text(body, text(body, 0).length + 1)) ?? '?'
    if (type === 'Q') statements.push(text(body, 0))
    if (type === 'E') {
      statements.push(bound)
      if (fate.loseAnswerTo !== undefined && bound.includes(fate.loseAnswerTo)) {
        fate.loseAnswerTo = undefined
        fate.loseThisAnswer = true
      }
      if (bound === 'commit' && fate.loseCommit) {
        fate.loseCommit = false
        return 'lose'
      }
    }
    return 'pass'
  }
}

function backendMessages(fate: Fate): Inspect {
  return (type, body) => {
    if (type === 'C' && fate.loseThisAnswer) {
      fate.loseThisAnswer = false
      return 'lose'
    }
    if (type !== 'C' || text(body, 0) !== 'COMMIT' || !fate.loseAnswer) return 'pass'
    fate.loseAnswer = false
    return 'lose'
  }
}

function text(body: Buffer, from: number): string {
  return body.toString('utf8', from, body.indexOf(0, from))
}

async function closeAll(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  server.close()
  await once(server, 'close')
}
