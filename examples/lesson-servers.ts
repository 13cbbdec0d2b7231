/** Where lessons 9 to 12 find Kafka and Cassandra: what `npm run services` prints, or the usual ports of this machine. */
import { cassandra } from 'batchwright/cassandra'
import { kafka } from 'batchwright/kafka'
import { Client } from 'cassandra-driver'
import { z } from 'zod'

const CONTACT_POINTS = (process.env['CASSANDRA_CONTACT_POINTS'] ?? 'localhost:9042').split(',')
const DATA_CENTER = process.env['CASSANDRA_LOCAL_DATA_CENTER'] ?? 'datacenter1'

export const kafkaClient = kafka({
  brokers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092',
  // A lesson gives up on a broker that is away for so long; without it, it would wait two minutes.
  patienceMilliseconds: 20_000,
})

export const cassandraClient = cassandra({ contactPoints: CONTACT_POINTS, localDataCenter: DATA_CENTER })

/** Creates the lessons' keyspace, and the table in it where it is not there. Schemas are the author's business, in CQL. */
export async function createCassandraTable(cql: string): Promise<void> {
  const client = new Client({ contactPoints: CONTACT_POINTS, localDataCenter: DATA_CENTER })
  try {
    await client.execute(
      "create keyspace if not exists lessons with replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }",
    )
    await client.execute(cql)
  } finally {
    await client.shutdown()
  }
}

/** What lessons 9, 11 and 12 keep of a strike, in the log and in the table alike. */
export const Strike = z.object({
  state: z.string(),
  date: z.iso.date(),
  line: z.int(),
  species: z.string(),
  cost: z.int(),
})

export type Strike = z.infer<typeof Strike>

export const STRIKE_COLUMNS = ['state', 'date', 'line', 'species', 'cost'] as const

/** A row of the file. */
export const StrikeRow = z.object({
  line: z.int(),
  'Origin State': z.string(),
  'Flight Date': z.iso.date(),
  'Wildlife Species': z.string(),
  'Cost Total $': z.int(),
})

export function strikeOf(row: z.infer<typeof StrikeRow>): Strike {
  return {
    state: row['Origin State'],
    date: row['Flight Date'],
    line: row.line,
    species: row['Wildlife Species'],
    cost: row['Cost Total $'],
  }
}

/** One partition for each state, in it the strikes by date; the line tells those of one day apart. */
export const strikeTable = (name: string): string =>
  `create table if not exists lessons.${name} (
     state text, date date, line int, species text, cost int,
     primary key ((state), date, line))`
