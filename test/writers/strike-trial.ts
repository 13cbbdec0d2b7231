/** A table of strikes in memory, and what a writer of Cassandra does to it. */
import type { ItemSink, ItemWriter } from '../../src/core/ports/item-writer.ts'
import { NO_RESOURCES, NO_TRANSACTION_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { fakeClock, type MemoryCassandra, memoryCassandra } from '../../src/testing/index.ts'
import { cassandraWriter, type CassandraWriterOptions } from '../../src/writers/cassandra.ts'

export interface Strike {
  readonly state: string
  readonly n: bigint
  readonly bird?: string | null
  readonly cost?: string
}

export type StrikeOptions = Omit<CassandraWriterOptions<Strike>, 'client' | 'table' | 'columns'> &
  Partial<CassandraWriterOptions<Strike>>

const COLUMNS = ['state', 'n', 'bird', 'cost'] as const

/** For a suite; the tables are empty at the beginning of each test. */
export function strikeTrial() {
  let store: MemoryCassandra
  const clock = fakeClock()

  const emptyStore = (): MemoryCassandra =>
    memoryCassandra({
      tables: {
        strike: {
          columns: {
            state: 'text',
            n: 'bigint',
            bird: 'text',
            cost: 'decimal',
            mayor: 'text',
            tags: 'list<text>',
          },
          partitionKey: ['state'],
          clusteringKey: ['n'],
          static: ['mayor'],
        },
        tally: { columns: { state: 'text', strikes: 'counter' }, partitionKey: ['state'] },
      },
      clock,
    })
  beforeEach(() => void (store = emptyStore()))

  const strike = (n: number, bird: string | null | undefined = `bird ${n}`, state = `s${n % 3}`): Strike => ({
    state,
    n: BigInt(n),
    ...(bird !== undefined && { bird }),
    cost: `${n}.50`,
  })
  const writer = (options: StrikeOptions = {}): ItemWriter<Strike> =>
    cassandraWriter<Strike>({ client: store.client, table: 'strike', columns: COLUMNS, ...options })

  const open = <T>(
    one: ItemWriter<T>,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ItemSink<T>> =>
    one.open({
      from: undefined,
      jobName: 'job',
      jobExecutionId: '1',
      stepName: 'load',
      stepExecutionId: '1',
      signal,
      logger: SILENT_LOGGER,
      resources: NO_RESOURCES,
    })

  const write = async <T>(one: ItemWriter<T>, ...chunks: readonly (readonly T[])[]): Promise<unknown> => {
    const sink = await open(one)
    try {
      for (const items of chunks) await sink.write(items, NO_TRANSACTION_RESOURCES)
      return undefined
    } catch (error) {
      return error
    } finally {
      await sink.close()
    }
  }
  const birds = (): readonly unknown[] =>
    store
      .rows('strike')
      .toSorted((one, other) => Number(one['n']) - Number(other['n']))
      .map(({ bird }) => bird)

  return { clock, store: () => store, emptyStore, strike, writer, open, write, birds }
}
