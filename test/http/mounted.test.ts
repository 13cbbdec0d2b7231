import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { type ApiTrial, apiTrial, running } from './api-trial.ts'

describe('The HTTP API mounted in a server of node:http', () => {
  let trial: ApiTrial
  let server: Server
  let url: string
  let looks = 0

  before(async () => {
    const memory = memoryRepository()
    const repository: JobRepository = {
      ...memory,
      findJobExecution: (id) => {
        looks += 1
        return memory.findJobExecution(id)
      },
    }
    trial = apiTrial({ repository, anonymous: 'loopback' })
    const listener = getRequestListener(trial.api.fetch)
    server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(async () => {
    await trial.close()
    server.closeAllConnections()
    server.close()
  })

  it('launches, and answers when it has ended', async () => {
    const response = await fetch(`${url}/api/v1/jobs/greet/executions?wait=10s`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ parameters: { name: 'over a socket' } }),
    })
    expect([response.status, await response.json()]).to.have.nested.property('1.status', 'COMPLETED')
  })

  it('refuses the name of a page that was rebound to this machine', async () => {
    const asked = httpRequest(`${url}/api/v1/jobs`, { headers: { Host: 'evil.example' } }).end()
    const [response] = (await once(asked, 'response')) as [
      { readonly statusCode: number; resume: () => void },
    ]
    response.resume()
    expect(response.statusCode).to.equal(403)
  })

  it('looks no more when those that waited and followed are gone', async () => {
    const { id } = await running(trial.ask)
    const clients = ['/events', '?wait=60s'].map((path) => {
      const asked = httpRequest(`${url}/api/v1/executions/${id}${path}`).end()
      asked.on('error', () => {})
      return asked
    })
    const [followed] = clients
    if (followed !== undefined) await once(followed, 'response')
    const turn = async (): Promise<void> => {
      const before = looks
      while (looks === before) await new Promise((resolve) => setImmediate(resolve))
    }
    await turn()
    await turn()
    for (const client of clients) client.destroy()
    // Polled every five milliseconds; whoever still followed would be seen in any of these spans.
    let quiet = looks
    const deadline = Date.now() + 5000
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      if (looks === quiet) break
      quiet = looks
      if (Date.now() > deadline) throw new Error('somebody still looks')
    }
  })

  it('ends its streams when it is closed, so that the server can close', async () => {
    const { id } = await running(trial.ask)
    const streams = await Promise.all(
      [`/api/v1/executions/${id}/events`, '/api/v1/events'].map((path) => fetch(`${url}${path}`)),
    )
    trial.api.close()
    for (const stream of streams) expect(await stream.text()).not.to.contain('event: end')
  })
})
