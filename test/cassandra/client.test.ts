import { fakeClock } from '../../src/testing/fake-clock.ts'
import { memoryCassandra } from '../../src/testing/index.ts'
import { cassandraClientContract } from './client-contract.ts'
import { CONTRACT_TABLES, CONTRACT_TYPE } from './client-contract-tables.ts'

describe('Cassandra in memory', () => {
  const clock = fakeClock()
  const store = memoryCassandra({ tables: CONTRACT_TABLES, userTypes: CONTRACT_TYPE, clock })
  const subject = {
    client: store.client,
    clear: async () => store.clear(),
    passSeconds: (seconds: number) => clock.advance(seconds * 1000),
  }
  for (const { promise, check } of cassandraClientContract(async () => subject)) it(promise, check)
})
