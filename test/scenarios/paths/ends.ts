/** The places that paths lead from and to: filled before, read afterwards. */
import { json, kafka, text } from 'batchwright/kafka'
import { cassandra } from 'batchwright/cassandra'
import { cassandraReader } from 'batchwright/readers/cassandra'
import { kafkaReader } from 'batchwright/readers/kafka'
import { postgresReader } from 'batchwright/readers/postgres'
import { cassandraWriter } from 'batchwright/writers/cassandra'
import { delimitedWriter } from 'batchwright/writers/delimited'
import { kafkaWriter } from 'batchwright/writers/kafka'
import { postgresWriter } from 'batchwright/writers/postgres'
import type { ItemReader, ItemWriter } from 'batchwright/ports'
import { Client } from 'cassandra-driver'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { ABORTED, ALL_TRADES, Trade, tradeOf } from './trade.ts'
import { type PathWorld, tableOf, topicOf } from './world.ts'

export interface PathSource {
  readonly fill: (world: PathWorld) => Promise<void>
  readonly reader: (world: PathWorld) => ItemReader<Sourced>
}

/** A trade as a row, or as the value of a record. */
export type Sourced = Trade | { readonly value: Trade }

export function tradeIn(item: Sourced): Trade {
  return 'value' in item ? item.value : item
}

export interface PathTarget {
  readonly prepare: (world: PathWorld) => Promise<void>
  readonly writer: (world: PathWorld) => ItemWriter<Trade>
  /** What stands there, in any order. */
  readonly found: (world: PathWorld) => Promise<readonly Trade[]>
}

const COLUMNS = ['id', 'account', 'amount'] as const
const PARTITIONS = 4
/** Of a transaction in the source topic: committed ones and aborted ones take turns. */
const TRANSACTION = 500

/** No key: a row that is written twice shows. */
async function createTable(pool: pg.Pool, table: string): Promise<void> {
  await pool.query(`create table ${table} (id integer, account text, amount integer)`)
}

async function withPool<R>({ repository }: PathWorld, use: (pool: pg.Pool) => Promise<R>): Promise<R> {
  const pool = new pg.Pool(repository.connection as pg.PoolConfig)
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

export const postgresEnd: PathSource & PathTarget = {
  fill: (world) =>
    withPool(world, async (pool) => {
      const table = tableOf(world, 'source')
      await createTable(pool, table)
      await pool.query(`alter table ${table} add primary key (id)`)
      await pool.query(`insert into ${table} select * from json_populate_recordset(null::${table}, $1)`, [
        JSON.stringify(ALL_TRADES),
      ])
    }),
  prepare: (world) => withPool(world, (pool) => createTable(pool, tableOf(world, 'target'))),
  reader: (world) =>
    postgresReader({ table: tableOf(world, 'source'), columns: COLUMNS, orderBy: 'id', schema: Trade }),
  writer: (world) => postgresWriter<Trade>({ table: tableOf(world, 'target'), columns: COLUMNS }),
  found: (world) =>
    withPool(
      world,
      async (pool) => (await pool.query<Trade>(`select * from ${tableOf(world, 'target')}`)).rows,
    ),
}

/** It fetches little at a time, so that most of the topic is still with the broker when that is killed. */
const FETCHED_LITTLE = { 'queued.min.messages': 1, 'fetch.message.max.bytes': 8192 }

const tradeRecords = (world: PathWorld, role: 'source' | 'target') =>
  kafkaReader({
    client: kafka({ brokers: world.brokers, settings: FETCHED_LITTLE }),
    topic: topicOf(world, role),
    value: json(Trade),
  })

/** `transactional`: each trade is there once; else it may be there twice. */
export const kafkaEnd = (transactional: boolean): PathSource & PathTarget => ({
  fill: async (world) => {
    const topic = topicOf(world, 'source')
    await kafka(world).ensureTopic(topic, { partitions: PARTITIONS })
    await publishWithAborts(world, topic)
  },
  prepare: async (world) => {
    await kafka(world).ensureTopic(topicOf(world, 'target'), { partitions: PARTITIONS })
  },
  reader: (world) => tradeRecords(world, 'source'),
  writer: (world) =>
    kafkaWriter({
      client: kafka(world),
      topic: topicOf(world, 'target'),
      transactional,
      key: text,
      value: json(Trade),
      record: (trade: Trade) => ({ key: trade.account, value: trade }),
    }),
  found: (world) => readAll(tradeRecords(world, 'target')),
})

/** Each trade is a row: written again, it is the same one. */
export const cassandraEnd: PathSource & PathTarget = {
  fill: async (world) => {
    await createCassandraTable(world, 'source')
    await withCassandra(world, async (client) => {
      const insert = `insert into ${cassandraTableOf(world, 'source')} (id, account, amount) values (?, ?, ?)`
      for (let from = 0; from < ALL_TRADES.length; from += TRANSACTION) {
        const trades = ALL_TRADES.slice(from, from + TRANSACTION)
        await Promise.all(
          trades.map(({ id, account, amount }) =>
            client.execute(insert, [id, account, amount], { prepare: true }),
          ),
        )
      }
    })
  },
  prepare: (world) => createCassandraTable(world, 'target'),
  reader: (world) =>
    cassandraReader({
      client: cassandra(world.cassandra),
      table: cassandraTableOf(world, 'source'),
      schema: Trade,
      fetchSize: FETCHED_ROWS,
    }),
  writer: (world) =>
    cassandraWriter<Trade>({
      client: cassandra(world.cassandra),
      table: cassandraTableOf(world, 'target'),
      columns: COLUMNS,
    }),
  found: (world) =>
    withCassandra(world, async (client) => {
      const { rows } = await client.execute(
        `select id, account, amount from ${cassandraTableOf(world, 'target')}`,
        [],
        {
          prepare: true,
          fetchSize: ALL_TRADES.length + 1,
        },
      )
      return rows.map((row) => Trade.parse({ ...row }))
    }),
}

/** It appears when the step is complete. */
export const fileEnd: PathTarget = {
  prepare: async () => {},
  writer: (world) => delimitedWriter({ file: fileOf(world), columns: COLUMNS }),
  found: async (world) => {
    const lines = (await readFile(fileOf(world), 'utf8')).trimEnd().split('\n').slice(1)
    return lines.map((line) => {
      const [id, account = '', amount] = line.split(',')
      return Trade.parse({ id: Number(id), account, amount: Number(amount) })
    })
  },
}

const fileOf = ({ folder, run }: PathWorld): string => join(folder, `${run}.csv`)

/** Few at a time, so that most of the table is still to be asked for when the node is killed. */
const FETCHED_ROWS = 100

const cassandraTableOf = ({ run }: PathWorld, role: 'source' | 'target'): string => `paths.${run}_${role}`

async function createCassandraTable(world: PathWorld, role: 'source' | 'target'): Promise<void> {
  await withCassandra(world, async (client) => {
    await client.execute(
      "create keyspace if not exists paths with replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }",
    )
    await client.execute(
      `create table ${cassandraTableOf(world, role)} (id int primary key, account text, amount int)`,
    )
  })
}

async function withCassandra<R>(world: PathWorld, use: (client: Client) => Promise<R>): Promise<R> {
  const client = new Client({ ...world.cassandra, contactPoints: [...world.cassandra.contactPoints] })
  try {
    return await use(client)
  } finally {
    await client.shutdown()
  }
}

/** Between the committed transactions aborted ones of as many records, and an aborted one at the end. */
async function publishWithAborts(world: PathWorld, topic: string): Promise<void> {
  const producer = await kafka(world).openProducer({
    compression: 'lz4',
    transactionalId: `${world.run}-fill`,
    transactionTimeoutMilliseconds: 60_000,
    deliveryTimeoutMilliseconds: 60_000,
    signal: new AbortController().signal,
  })
  const { transactions } = producer
  if (transactions === undefined) throw new Error('the producer has no transactions')
  const send = async (trades: readonly Trade[]): Promise<void> => {
    await transactions.begin()
    const failed = await producer.send(
      trades.map((trade) => ({
        topic,
        key: Buffer.from(trade.account),
        value: Buffer.from(JSON.stringify(trade)),
        headers: [],
      })),
    )
    if (failed[0] !== undefined) throw failed[0].error
  }
  for (let from = 0; from < ALL_TRADES.length; from += TRANSACTION) {
    await send(ALL_TRADES.slice(from, from + TRANSACTION))
    await transactions.commit([])
    await send(Array.from({ length: TRANSACTION }, (_, index) => tradeOf(ABORTED + from + index)))
    await transactions.abort()
  }
  await producer.close()
}

async function readAll(reader: ItemReader<Sourced>): Promise<readonly Trade[]> {
  const opened = await reader.open({
    from: undefined,
    signal: new AbortController().signal,
    logger: pino({ level: 'silent' }),
    resources: { find: () => undefined },
  })
  const items: Trade[] = []
  for (let page = await opened.read(1000); page !== undefined; page = await opened.read(1000))
    items.push(...page.items.map(tradeIn))
  await opened.close()
  return items
}
