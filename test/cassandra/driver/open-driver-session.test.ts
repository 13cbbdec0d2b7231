import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { cassandra } from '../../../src/cassandra/index.ts'

/** Signed by itself, for 127.0.0.1; it guards nothing. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvX2zG0Dc9DJ0JQaO
NJZI/GIPm99qNudZdaf9B1JFptOhRANCAAQdTHyMtStMHsrvKxRjHGHbU0zLhw3o
oU+1xdm6vB+It0T9Bz7Ede7WhpRRHiF0jADEwnWcRdZL/sQVlFHXffN4
-----END PRIVATE KEY-----`
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUS7rvWex8Am18e/hjnTrh454YkpkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNjE1NDUwMloYDzIxMjYxMTAy
MTU0NTAyWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQdTHyMtStMHsrvKxRjHGHbU0zLhw3ooU+1xdm6vB+It0T9Bz7Ede7W
hpRRHiF0jADEwnWcRdZL/sQVlFHXffN4o2QwYjAdBgNVHQ4EFgQUVZM55mtjmFd7
/j6fZbnNRtL6iV4wHwYDVR0jBBgwFoAUVZM55mtjmFd7/j6fZbnNRtL6iV4wDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IQDOkOc6PwofwRn5saOcvX810RsEu6hhVS4KX3gsyXAHIgIgN+tXrf1P/5K9O8a5
iB/ZVNyNybZ3Xbjhmnix6YHzx4A=
-----END CERTIFICATE-----`

/** Speaks TLS, and keeps what it is told. It answers nothing. */
async function startImpostor() {
  const heard: Buffer[] = []
  const sockets = new Set<TLSSocket>()
  const server = createServer({ key: KEY, cert: CERTIFICATE }, (socket) => {
    sockets.add(socket)
    socket.on('data', (data) => {
      heard.push(data)
      socket.destroy()
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    contactPoint: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

describe('A session of the Cassandra driver', () => {
  for (const [what, tls, words] of [
    ['nobody vouches for', {}, 0],
    ['its authority vouches for', { ca: CERTIFICATE }, 1],
    ['nobody vouches for where that is asked for', { rejectUnauthorized: false }, 1],
  ] as const)
    it(`over TLS says ${words === 0 ? 'nothing' : 'something'} to a server that ${what}`, async () => {
      const impostor = await startImpostor()
      try {
        const client = cassandra({
          contactPoints: [impostor.contactPoint],
          localDataCenter: 'datacenter1',
          credentials: { username: 'batch', password: 'secret' },
          tls,
          requestTimeout: 200,
        })
        const { signal } = new AbortController()
        const error = await client.openSession({ signal }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        expect(error).to.have.property('code', 'SERVER_UNAVAILABLE')
        if (words === 0) expect(String(error)).to.contain('self-signed certificate')
        expect(impostor.heard.length > 0).to.equal(words > 0)
      } finally {
        await impostor.close()
      }
    })
})
