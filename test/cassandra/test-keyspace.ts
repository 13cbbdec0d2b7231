/** The Cassandra of the environment, with a keyspace of the test file's own. */
import { randomBytes } from 'node:crypto'
import { cassandra } from '../../src/cassandra/index.ts'
import type { CassandraClient } from '../../src/cassandra/cassandra-client.ts'
import cassandraDriver from 'cassandra-driver'
import type { CassandraAddress } from '../servers/describe-with-servers.ts'

export interface TestKeyspace {
  readonly name: string
  readonly client: CassandraClient
  /** The driver itself, for what the port cannot do. */
  readonly driver: cassandraDriver.Client
  readonly run: (cql: string, values?: readonly unknown[]) => Promise<readonly cassandraDriver.types.Row[]>
  readonly drop: () => Promise<void>
}

export async function testKeyspace({
  contactPoints,
  localDataCenter,
}: CassandraAddress): Promise<TestKeyspace> {
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  const driver = new cassandraDriver.Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    encoding: { useBigIntAsLong: true, useBigIntAsVarint: true },
  })
  await driver.connect()
  const run: TestKeyspace['run'] = async (cql, values = []) =>
    (await driver.execute(cql, [...values], { prepare: values.length > 0 })).rows
  await run(`create keyspace ${name} with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`)
  await run(`use ${name}`)
  return {
    name,
    client: cassandra({ contactPoints, localDataCenter, keyspace: name }),
    driver,
    run,
    drop: async () => {
      await run(`drop keyspace ${name}`)
      await driver.shutdown()
    },
  }
}
