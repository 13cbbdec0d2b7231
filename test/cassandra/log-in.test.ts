import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { expect } from 'chai'
import { cassandra } from '../../src/cassandra/index.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { isTransient } from '../../src/core/model/transient-error.ts'

const PASSWORD = 'open sesame'

describe('The log-in to Cassandra', () => {
  let server: Server
  let contactPoint: string
  const received: Buffer[] = []

  before(async () => {
    server = createServer((socket) => refuseEverybody(socket, received))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    contactPoint = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })
  after(() => server.close())

  it('is said to be refused, with no word of the password', async () => {
    const client = cassandra({
      contactPoints: [contactPoint],
      localDataCenter: 'datacenter1',
      credentials: { username: 'alice', password: PASSWORD },
    })
    const error: unknown = await client.openSession({ signal: new AbortController().signal }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(isBatchError(error, 'SERVER_UNAVAILABLE'), String(error)).to.equal(true)
    expect((error as Error).message).to.match(/alice.*are incorrect\. Check the client's credentials\.$/)
    expect(isTransient(error)).to.equal(false)
    expect(Buffer.concat(received).includes(PASSWORD)).to.equal(true)
    const told = inspect([error, client], { depth: 20 }) + JSON.stringify([error, client])
    expect(told).not.to.include(PASSWORD)
  })

  it('needs the driver, and says how to install it where it is not there', () => {
    const hook = `export const resolve = (name, context, next) => {
      if (name !== 'cassandra-driver') return next(name, context)
      throw Object.assign(new Error('not found'), { code: 'ERR_MODULE_NOT_FOUND' })
    }`
    const program = `
      import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))
      const { cassandra } = await import('batchwright/cassandra')
      const client = cassandra({ contactPoints: ['127.0.0.1'], localDataCenter: 'datacenter1' })
      await client.openSession({ signal: new AbortController().signal }).catch(({ code, message }) => console.log(code, message))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })
    expect(stdout, stderr).to.match(/^OPTIONAL_PACKAGE_MISSING .*npm install cassandra-driver@4/)
  })
})

const STARTUP = 0x01
const OPTIONS = 0x05
const AUTH_RESPONSE = 0x0f

/** Speaks as much CQL as is needed to ask for a password and to refuse it. */
function refuseEverybody(socket: Socket, received: Buffer[]): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    received.push(bytes)
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 9 && rest.length >= 9 + rest.readInt32BE(5)) {
      const [version = 0, , , , opcode] = rest
      const stream = rest.readInt16BE(2)
      rest = rest.subarray(9 + rest.readInt32BE(5))
      const answer = answerTo(opcode)
      const header = Buffer.alloc(9)
      header[0] = 0x80 | version
      header.writeInt16BE(stream, 2)
      header[4] = answer.opcode
      header.writeInt32BE(answer.body.length, 5)
      socket.write(Buffer.concat([header, answer.body]))
    }
  })
}

function answerTo(opcode: number | undefined): { readonly opcode: number; readonly body: Buffer } {
  if (opcode === OPTIONS) return { opcode: 0x06, body: Buffer.from([0, 0]) }
  if (opcode === STARTUP)
    return { opcode: 0x03, body: text('org.apache.cassandra.auth.PasswordAuthenticator') }
  const badCredentials = Buffer.from([0, 0, 0x01, 0x00])
  const reason = opcode === AUTH_RESPONSE ? 'Provided username alice and/or password are incorrect' : 'no'
  return { opcode: 0x00, body: Buffer.concat([badCredentials, text(reason)]) }
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(value.length)
  return Buffer.concat([length, Buffer.from(value)])
}
