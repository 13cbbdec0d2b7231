/** What cassandraReader and cassandraWriter infer, and the mistakes that must not compile. Compiled, never run. */
import { z } from 'zod'
import type { CassandraClient, CassandraRow } from '../../src/cassandra/cassandra-client.ts'
import { cassandraPartitions } from '../../src/cassandra/index.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { cassandraReader } from '../../src/readers/cassandra.ts'
import { cassandraWriter } from '../../src/writers/cassandra.ts'

interface Strike {
  readonly state: string
  readonly n: bigint
  readonly bird?: string
}
declare const client: CassandraClient
declare const strikes: ItemReader<Strike>

export const rows: ItemReader<CassandraRow> = cassandraReader({ client, table: 'strike' })
export const byWord: ItemReader<Strike> = cassandraReader<Strike>({
  client,
  table: { keyspace: 'birds', name: 'strike' },
  keys: [{ state: 'TX' }],
  clustering: { equals: { day: '2026-01-31' }, from: { n: 1n } },
})
export const bySchema: ItemReader<{ readonly n: bigint }> = cassandraReader({
  client,
  table: 'strike',
  schema: z.object({ n: z.bigint() }),
})

// @ts-expect-error a clustering range is of partitions
cassandraReader({ client, table: 'strike', clustering: { from: { n: 1n } } })
// @ts-expect-error either partitions or a range of tokens
cassandraReader({ client, table: 'strike', keys: [], range: { after: 0n, upTo: 1n } })
// @ts-expect-error no such level
cassandraReader({ client, table: 'strike', consistency: 'some' })
// @ts-expect-error a client is needed
cassandraReader({ table: 'strike' })

export const explicit: ItemWriter<Strike> = cassandraWriter<Strike>({
  client,
  table: 'strike',
  columns: { state: 'state', number: 'n', kind: ({ bird }) => bird ?? null },
  operation: ({ bird }) => (bird === undefined ? 'delete' : 'insert'),
  ttl: ({ n }) => (n > 5n ? 60 : undefined),
  timestamp: ({ n }) => n,
  batch: 'partition',
})
export const fromContext: ItemWriter<Strike> = cassandraWriter({
  client,
  table: 'strike',
  columns: ['state', 'n'],
})

export const partitioned = defineJob({
  name: 'copy',
  parameters: z.object({}),
  steps: (step) => ({
    copy: step.partitioned(
      { size: 100, partitions: () => cassandraPartitions({ parts: 8 }) },
      {
        reader: ({ partition }) =>
          cassandraReader<Strike>({ client, table: 'strike', range: partition.value }),
        writer: cassandraWriter({ client, table: 'copy', columns: ['state', 'n'], timestamp: 'execution' }),
      },
    ),
    chunked: step.chunk(
      { size: 100 },
      {
        reader: strikes,
        writer: cassandraWriter({ client, table: 'copy', columns: { state: 'state', n: 'n' } }),
      },
    ),
  }),
})

// @ts-expect-error a strike has no price
export const unknownKey: ItemWriter<Strike> = cassandraWriter({ client, table: 'strike', columns: ['price'] })
export const unknownKeyExplicit = cassandraWriter<Strike>({
  client,
  table: 'strike',
  // @ts-expect-error a strike has no price
  columns: ['price'],
})
export const unaccepted = cassandraWriter<Strike>({
  client,
  table: 'tally',
  columns: ['state', 'n'],
  // @ts-expect-error what a counter means is to be accepted by word
  counter: {},
})
export const unacceptedCondition = cassandraWriter<Strike>({
  client,
  table: 'strike',
  columns: ['state', 'n'],
  // @ts-expect-error and so is what a condition means
  condition: { when: 'exists', otherwise: 'keep' },
})
