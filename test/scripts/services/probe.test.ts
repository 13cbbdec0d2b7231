import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { answers } from '../../../scripts/services/probe.ts'

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

describe('The probe of a server', () => {
  let server: Server

  afterEach(() => server.close())

  async function listen(answer: (socket: Socket) => void): Promise<{ host: string; port: number }> {
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => answer(socket))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  }

  it('takes a broker that names brokers, also when its answer comes in pieces', async () => {
    const address = await listen((socket) => {
      socket.write(bytes('00 00 00 20 00 00'))
      setImmediate(() => socket.write(bytes('00 07 00 00 00 01 ff')))
    })
    expect(await answers('kafka', address)).to.equal(true)
  })

  it('does not take a broker that has not joined its cluster', async () => {
    const address = await listen((socket) => socket.write(bytes('00 00 00 20 00 00 00 07 00 00 00 00')))
    expect(await answers('kafka', address)).to.equal(false)
  })

  it('takes a node that tells its options, and not one that reports an error', async () => {
    const supported = await listen((socket) => socket.write(bytes('84 00 00 00 06 00 00 00 00')))
    expect(await answers('cassandra', supported)).to.equal(true)
    server.close()
    const error = await listen((socket) => socket.write(bytes('84 00 00 00 00 00 00 00 00')))
    expect(await answers('cassandra', error)).to.equal(false)
  })

  it('takes neither silence, nor a hang-up, nor a port where nobody listens', async () => {
    const silent = await listen(() => {})
    expect(await answers('kafka', silent, 50)).to.equal(false)
    server.close()
    const hangingUp = await listen((socket) => socket.end())
    expect(await answers('kafka', hangingUp)).to.equal(false)
    server.close()
    await once(server, 'close')
    expect(await answers('kafka', hangingUp)).to.equal(false)
  })
})
