/** The Cassandra of the environment, with a keyspace of the test file's own. */
import { randomBytes } from 'node:crypto'
import { cassandra } from '../../src/cassandra/index.ts'
import type { CassandraClient } from '../../src/cassandra/cassandra-client.ts'
import cassandraDriver from 'cassandra-driver'

/** Undefined where there is none: suites are then skipped. */
export const CONTACT_POINTS: string | undefined = process.env['CASSANDRA_CONTACT_POINTS']
export const DATA_CENTER: string = process.env['CASSANDRA_DATA_CENTER'] ?? 'datacenter1'

export interface TestKeyspace {
  readonly name: string
  readonly client: CassandraClient
  /** The driver itself, for what the port cannot do. */
  readonly driver: cassandraDriver.Client
  readonly run: (cql: string, values?: readonly unknown[]) => Promise<readonly cassandraDriver.types.Row[]>
  readonly drop: () => Promise<void>
}

export async function testKeyspace(): Promise<TestKeyspace> {
  const contactPoints = (CONTACT_POINTS ?? '').split(',')
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  const driver = new cassandraDriver.Client({
    contactPoints,
    localDataCenter: DATA_CENTER,
    encoding: { useBigIntAsLong: true, useBigIntAsVarint: true },
  })
  await driver.connect()
  const run: TestKeyspace['run'] = async (cql, values = []) =>
    (await driver.execute(cql, [...values], { prepare: values.length > 0 })).rows
  await run(`create keyspace ${name} with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`)
  await run(`use ${name}`)
  return {
    name,
    client: cassandra({ contactPoints, localDataCenter: DATA_CENTER, keyspace: name }),
    driver,
    run,
    drop: async () => {
      await run(`drop keyspace ${name}`)
      await driver.shutdown()
    },
  }
}

/** For `describe`: the suite, or the notice that it was not run. */
export function describeWithCassandra(title: string, suite: (this: Mocha.Suite) => void): void {
  if (CONTACT_POINTS === undefined) describe.skip(`${title} (no CASSANDRA_CONTACT_POINTS, so not run)`, suite)
  else describe(title, suite)
}
