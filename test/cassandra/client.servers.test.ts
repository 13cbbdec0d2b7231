import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { cassandra } from '../../src/cassandra/index.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { type TestKeyspace, testKeyspace } from './test-keyspace.ts'
import { describeWithCassandra } from '../servers/describe-with-servers.ts'
import {
  type ClientSubject,
  cassandraClientContract,
  CONTRACT_TABLES,
  CONTRACT_TYPE,
} from './client-contract.ts'
import { createTable, createType } from './create-tables.ts'

describeWithCassandra('cassandra()', (address) => {
  let keyspace: TestKeyspace
  let subject: ClientSubject

  before(async () => {
    keyspace = await testKeyspace(address)
    for (const [name, fields] of Object.entries(CONTRACT_TYPE)) await keyspace.run(createType(name, fields))
    for (const [name, table] of Object.entries(CONTRACT_TABLES)) await keyspace.run(createTable(name, table))
    subject = {
      client: keyspace.client,
      clear: async () => {
        for (const name of Object.keys(CONTRACT_TABLES)) await keyspace.run(`truncate "${name}"`)
      },
      passSeconds: (seconds) => delay(seconds * 1000),
    }
  })
  after(() => keyspace.drop())

  for (const { promise, check } of cassandraClientContract(async () => subject)) it(promise, check)

  const refusal = async (options: Partial<Parameters<typeof cassandra>[0]>): Promise<string> => {
    const client = cassandra({ ...address, ...options })
    try {
      const session = await client.openSession({ signal: new AbortController().signal })
      await session.close()
    } catch (error) {
      expect(isBatchError(error, 'SERVER_UNAVAILABLE'), String(error)).to.equal(true)
      return (error as Error).message
    }
    return expect.fail('it was not refused')
  }

  it('says that no server answers', async () => {
    expect(await refusal({ contactPoints: ['127.0.0.1:1'] })).to.match(
      /^No session with Cassandra at 127\.0\.0\.1:1, data center .*ECONNREFUSED.*Check addresses/,
    )
  })

  it('says what the driver refuses, and what TLS says, in a line', async () => {
    expect(await refusal({ contactPoints: [] })).to.match(/not defined\. Check addresses/)
    expect(await refusal({ tls: {} })).to.match(/SSL.*\. Check addresses, ports and TLS/)
  })

  it('says which data center it should have been', async () => {
    expect(await refusal({ localDataCenter: 'elsewhere' })).to.match(
      /data center elsewhere: .*\[datacenter1\].*own name/s,
    )
  })

  it('ends its attempts to connect when it is told to', async () => {
    const stop = new AbortController()
    const client = cassandra({ contactPoints: ['192.0.2.1'], localDataCenter: address.localDataCenter })
    const opening = client.openSession({ signal: stop.signal })
    stop.abort(new Error('enough'))
    const error: unknown = await opening.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect((error as Error).message).to.equal('enough')
  })
})
