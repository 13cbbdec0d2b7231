/**
 * Lesson 9: from a file through a log into wide rows, and a report of one of them. The bird strikes are published to Kafka, keyed by
 * state; loaded into Cassandra, where each state is a partition with its strikes by date; and reported by partition key. What each step
 * guarantees: `npx batchwright explain strikes-by-state state=Texas`.
 *
 *     npm run services                                         Kafka and Cassandra; paste the lines that it prints
 *     npx batchwright run strikes-by-state state=Texas
 */
import { defineJob } from 'batchwright'
import { json, text } from 'batchwright/kafka'
import { cassandraReader } from 'batchwright/readers/cassandra'
import { delimitedReader } from 'batchwright/readers/delimited'
import { kafkaReader } from 'batchwright/readers/kafka'
import { cassandraWriter } from 'batchwright/writers/cassandra'
import { delimitedWriter } from 'batchwright/writers/delimited'
import { kafkaWriter } from 'batchwright/writers/kafka'
import { z } from 'zod'
import {
  cassandraClient,
  createCassandraTable,
  kafkaClient,
  Strike,
  STRIKE_COLUMNS,
  strikeOf,
  StrikeRow,
  strikeTable,
} from './lesson-servers.ts'

const TABLE = 'lessons.strike_by_state'

export const strikesByState = defineJob({
  name: 'strikes-by-state',
  description: 'Bird strikes through Kafka into Cassandra, and a report of one state',
  parameters: z.object({
    state: z.string().describe('the state that is reported; another one is another instance'),
    from: z.iso.date().default('1990-01-01').describe('the first day that is reported'),
  }),
  steps: (step) => ({
    prepare: step.tasklet(async ({ parameters }) => {
      await kafkaClient.ensureTopic(topicOf(parameters.state), { partitions: 4 })
      await createCassandraTable(strikeTable('strike_by_state'))
    }),

    publish: step.chunk(
      { size: 1000 },
      {
        reader: delimitedReader({ file: 'examples/data/birdstrikes.csv', schema: StrikeRow, line: 'line' }),
        processor: strikeOf,
        writer: ({ parameters }) =>
          kafkaWriter({
            client: kafkaClient,
            topic: topicOf(parameters.state),
            key: text,
            value: json(Strike),
            record: (strike: Strike) => ({
              key: strike.state,
              value: strike,
              timestamp: new Date(strike.date),
            }),
          }),
      },
    ),

    load: step.chunk(
      { size: 1000 },
      {
        reader: ({ parameters }) =>
          kafkaReader({ client: kafkaClient, topic: topicOf(parameters.state), value: json(Strike) }),
        processor: ({ value }) => value,
        // Written again after a crash, a strike is the same row: nothing is there twice.
        writer: cassandraWriter({ client: cassandraClient, table: TABLE, columns: STRIKE_COLUMNS }),
      },
    ),

    report: step.chunk(
      { size: 500 },
      {
        reader: ({ parameters: { state, from } }) =>
          cassandraReader({
            client: cassandraClient,
            table: TABLE,
            keys: [{ state }],
            clustering: { from: { date: from } },
            schema: Strike,
          }),
        writer: ({ parameters }) =>
          delimitedWriter({ file: `out/strikes-${parameters.state}.csv`, columns: STRIKE_COLUMNS }),
      },
    ),
  }),
})

function topicOf(state: string): string {
  return `strikes-for-${state.replaceAll(/\W/g, '-')}`
}
