import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { CassandraTable, CqlValue } from '../../src/cassandra/cassandra-client.ts'
import { fitValue } from '../../src/cassandra/fit-value.ts'
import { cassandra } from '../../src/cassandra/index.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { type TestKeyspace, testKeyspace } from './test-keyspace.ts'
import { describeWithCassandra } from '../servers/describe-with-servers.ts'
import { type ClientSubject, cassandraClientContract } from './client-contract.ts'
import { CONTRACT_TABLES, CONTRACT_TYPE, EVERYTHING } from './client-contract-tables.ts'
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

  it('gives back values at the ends of their types', async () => {
    await keyspace.run(
      'create table ends (id int primary key, de decimal, du duration, da date, ti time, do double, i inet, ts timestamp, v vector<float, 3>, fl frozen<list<int>>, te text, bl blob)',
    )
    const ends: readonly Readonly<Record<string, CqlValue>>[] = [
      {
        id: 1,
        de: '5E+3',
        du: '0ns',
        da: '-0005-01-31',
        ti: '00:00:00',
        do: Number.NaN,
        i: '10.0.0.1',
        fl: [],
      },
      { id: 2, de: '-0.01', du: '-1y1d', da: '-2147483648', ti: '23:59:59.999999999', do: -Infinity, te: '' },
      { id: 3, de: '0', du: '178956970y7mo2147483647d', da: '2147483647', ts: new Date(-1), v: [1, -0.5, 0] },
      { id: 4, du: '2562047h47m16s854ms775us807ns', bl: Buffer.alloc(0), do: -0 },
    ]
    const session = await keyspace.client.openSession({ signal: new AbortController().signal })
    try {
      const table = (await session.describeTable({ name: 'ends' })) as CassandraTable
      const others = table.columns.slice(1)
      const shape = {
        table,
        operation: 'insert',
        key: ['id'],
        columns: others.map(({ name }) => ({ name, change: 'set' as const })),
        hasTtl: false,
        hasTimestamp: false,
      } as const
      const options = {
        consistency: 'local-one',
        serialConsistency: 'local-serial',
        idempotent: true,
      } as const
      for (const row of ends) {
        const values = others.map(({ name, type }) => fitValue(row[name] ?? null, type))
        await session.mutate([{ shape, key: [row['id'] ?? null], values }], options)
        const { rows } = await session.select({
          table,
          columns: table.columns.map(({ name }) => name),
          from: { by: 'partition', key: [row['id'] ?? null] },
          fetchSize: 10,
          consistency: 'local-one',
        })
        const expected = Object.fromEntries(table.columns.map(({ name }) => [name, row[name] ?? null]))
        expect(rows).to.deep.equal([expected])
      }
    } finally {
      await session.close()
    }
  })

  it('makes the tokens that the servers make, of keys of every type', async function () {
    this.timeout(120_000)
    const { id: _, dur: __, ...values } = EVERYTHING
    const types = CONTRACT_TABLES.everything.columns as Readonly<Record<string, string>>
    const options = { consistency: 'local-one', serialConsistency: 'local-serial', idempotent: true } as const
    const session = await keyspace.client.openSession({ signal: new AbortController().signal })
    const tokens = async (
      name: string,
      names: readonly string[],
      key: readonly CqlValue[],
    ): Promise<readonly unknown[]> => {
      const table = (await session.describeTable({ name })) as CassandraTable
      const shape = {
        table,
        operation: 'insert',
        key: names,
        columns: [],
        hasTtl: false,
        hasTimestamp: false,
      } as const
      await session.mutate([{ shape, key, values: [] }], options)
      const [row] = await keyspace.run(`select token(${names.join(', ')}) as t from ${name}`)
      return [session.locate(table, key).token, row?.['t']]
    }
    try {
      for (const [name, value] of Object.entries(values)) {
        const type = types[name] ?? ''
        const keyType = /^(list|set|map)/.test(type) ? `frozen<${type}>` : type
        await keyspace.run(`create table one_${name} (k ${keyType} primary key)`)
        await keyspace.run(`create table two_${name} (k ${keyType}, n int, primary key ((k, n)))`)
        const [one, oneThere] = await tokens(`one_${name}`, ['k'], [value])
        const [two, twoThere] = await tokens(`two_${name}`, ['k', 'n'], [value, 7])
        expect([one, two], keyType).to.deep.equal([oneThere, twoThere])
      }
    } finally {
      await session.close()
    }
  })

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
