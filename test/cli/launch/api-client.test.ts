import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { apiClient } from '../../../src/cli/launch/api-client.ts'
import { temporaryFolder } from '../../files/temporary-folder.ts'

describe('The client of a server', () => {
  const folder = temporaryFolder()
  let server: Server
  let address: string
  before(async () => {
    server = createServer(({ headers }, response) => {
      response.end(JSON.stringify({ authorization: headers.authorization ?? null }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  async function shown(environment: Readonly<Record<string, string>>): Promise<unknown> {
    const client = await apiClient(address, environment)
    const answer = await client.get('api/v1/server', new AbortController().signal)
    return answer.kind === 'answered' ? answer.body['authorization'] : answer
  }

  it('shows the token of BATCHWRIGHT_TOKEN, or of the file that BATCHWRIGHT_TOKEN_FILE names, or none', async () => {
    const file = await folder.file('token', 'of-the-file\n')
    expect(await shown({})).to.equal(null)
    expect(await shown({ BATCHWRIGHT_TOKEN_FILE: file })).to.equal('Bearer of-the-file')
    expect(await shown({ BATCHWRIGHT_TOKEN: 'itself', BATCHWRIGHT_TOKEN_FILE: file })).to.equal(
      'Bearer itself',
    )
    expect(await shown({ BATCHWRIGHT_TOKEN: '', BATCHWRIGHT_TOKEN_FILE: file })).to.equal(
      'Bearer of-the-file',
    )
  })

  it('says which file of a token cannot be read', async () => {
    const file = folder.path('nowhere')
    const error: unknown = await apiClient(address, { BATCHWRIGHT_TOKEN_FILE: file }).catch(
      (one: unknown) => one,
    )
    expect(error).to.include({ code: 'INVALID_CONFIGURATION' })
    expect(String(error)).to.contain('BATCHWRIGHT_TOKEN_FILE').and.contain(file)
  })
})
