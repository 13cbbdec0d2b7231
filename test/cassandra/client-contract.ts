/** What the port promises, as cases that the driver's side and the one in memory both have to pass. */
import type { CassandraClient, CassandraSession } from '../../src/cassandra/cassandra-client.ts'
import type { ContractCase } from '../../src/testing/contract.ts'
import {
  describesTable,
  describesMissing,
  describesRing,
  keepsTypes,
  givesNulls,
  pagesByToken,
  cutsRanges,
  selectsDistinct,
  locatesKeys,
  readsPartition,
} from './client-contract-reading.ts'
import {
  type Passing,
  unsetsAndNulls,
  keepsNewest,
  expires,
  writesBatch,
  insertsOnce,
  updatesExisting,
  addsToCounters,
  appendsToLists,
  refusesNullKey,
} from './client-contract-writing.ts'

/** With the tables of `CONTRACT_TABLES` and the type of `CONTRACT_TYPE`, empty at the beginning of each case. */
export interface ClientSubject extends Passing {
  readonly client: CassandraClient
  readonly clear: () => Promise<void>
}

type Check = (session: CassandraSession, subject: ClientSubject) => Promise<void>

const PROMISES: Readonly<Record<string, Check>> = {
  'describes a table: keys in their order, directions, types, static columns': describesTable,
  'says which keyspace or table is missing, and what there is': describesMissing,
  'gives the ring’s tokens in ascending order': describesRing,
  'gives back every type as it was written': keepsTypes,
  'gives null for what has no value': givesNulls,
  'pages through all rows in the order of their tokens': pagesByToken,
  'cuts a range of tokens without losing or repeating a row': cutsRanges,
  'names each partition once when asked for distinct keys': selectsDistinct,
  'knows where keys stand': locatesKeys,
  'gives a partition’s rows in their order, within bounds': readsPartition,
  'leaves a column as it is where a value is undefined, and takes it away for null': unsetsAndNulls,
  'keeps the newer of two writes, whichever comes last': keepsNewest,
  'forgets what has expired': expires,
  'writes several mutations of one partition together': writesBatch,
  'inserts under the condition that a row is not there, once': insertsOnce,
  'updates and deletes under the condition that a row is there': updatesExisting,
  'adds to counters': addsToCounters,
  'appends to lists': appendsToLists,
  'refuses a key without a value': refusesNullKey,
}

export function cassandraClientContract(prepare: () => Promise<ClientSubject>): readonly ContractCase[] {
  return Object.entries(PROMISES).map(([promise, check]) => ({
    promise,
    check: async () => {
      const subject = await prepare()
      await subject.clear()
      const session = await subject.client.openSession({ signal: new AbortController().signal })
      try {
        await check(session, subject)
      } finally {
        await session.close()
      }
    },
  }))
}
