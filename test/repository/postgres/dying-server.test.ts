import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'

describe('A server that dies in the moment in which a connection is made', () => {
  let server: Server

  // Its welcome and its farewell arrive together: nobody has the connection yet when it breaks.
  before(async () => {
    const fields = 'SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0'
    const answer = Buffer.concat([
      message('R', Buffer.alloc(4)),
      message('Z', Buffer.from('I')),
      message('E', Buffer.from(fields)),
    ])
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(answer))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  it('does not end the process, but is told to whoever wanted the connection', async () => {
    const { port } = server.address() as AddressInfo
    const connection = { host: '127.0.0.1', port, user: 'u', database: 'd' }
    const refusal = await postgresRepository({ connection }).catch((error: unknown) => error)
    expect(isBatchError(refusal, 'REPOSITORY_UNAVAILABLE'), String(refusal)).to.equal(true)
  })
})

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}
