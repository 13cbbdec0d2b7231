/**
 * Lesson 12: what Kafka Connect is taken for, as two steps: a topic into a table, and that table into another topic, exactly once. Pull
 * the plug of the broker while it runs: the step waits for it, then fails, and says so; when the broker is back, the same command goes
 * on where it was.
 *
 *     npm run services                                              Kafka and Cassandra; paste the lines that it prints
 *     npx batchwright run sync day=2026-01-31 pause=100             time enough to pull a plug
 *     npx batchwright run sync day=2026-01-31                       when the broker is back
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { defineJob, nonIdentifying } from 'batchwright'
import { json, text } from 'batchwright/kafka'
import { cassandraReader } from 'batchwright/readers/cassandra'
import { delimitedReader } from 'batchwright/readers/delimited'
import { kafkaReader } from 'batchwright/readers/kafka'
import { cassandraWriter } from 'batchwright/writers/cassandra'
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

const CHUNK = 200

const strikesTo = (topic: string) =>
  kafkaWriter({
    client: kafkaClient,
    topic,
    transactional: true,
    key: text,
    value: json(Strike),
    record: (strike: Strike) => ({ key: `${strike.state} ${strike.line}`, value: strike }),
  })

export const sync = defineJob({
  name: 'sync',
  description:
    'Copies a topic into a table and the table into another topic, through the restart of a broker',
  parameters: z.object({
    day: z.iso.date().describe('another day is another instance, with topics and a table of its own'),
    pause: nonIdentifying(z.int()).default(0).describe('milliseconds to wait in each chunk'),
  }),
  steps: (step) => ({
    prepare: step.tasklet(async ({ parameters: { day } }) => {
      for (const topic of [sourceOf(day), targetOf(day)])
        await kafkaClient.ensureTopic(topic, { partitions: 4 })
      await createCassandraTable(strikeTable(tableOf(day)))
    }),

    publish: step.chunk(
      { size: 1000 },
      {
        reader: delimitedReader({ file: 'examples/data/birdstrikes.csv', schema: StrikeRow, line: 'line' }),
        processor: strikeOf,
        writer: ({ parameters }) => strikesTo(sourceOf(parameters.day)),
      },
    ),

    topicToTable: step.chunk(
      { size: CHUNK },
      {
        reader: ({ parameters }) =>
          kafkaReader({ client: kafkaClient, topic: sourceOf(parameters.day), value: json(Strike) }),
        processor: async ({ value, offset }, { parameters }) => {
          if (offset % BigInt(CHUNK) === 0n) await sleep(parameters.pause)
          return value
        },
        writer: ({ parameters }) =>
          cassandraWriter({
            client: cassandraClient,
            table: `lessons.${tableOf(parameters.day)}`,
            columns: STRIKE_COLUMNS,
          }),
      },
    ),

    tableToTopic: step.chunk(
      { size: CHUNK },
      {
        reader: ({ parameters }) =>
          cassandraReader({
            client: cassandraClient,
            table: `lessons.${tableOf(parameters.day)}`,
            schema: Strike,
          }),
        processor: async (strike, { parameters }) => {
          if (strike.line % CHUNK === 0) await sleep(parameters.pause)
          return strike
        },
        writer: ({ parameters }) => strikesTo(targetOf(parameters.day)),
      },
    ),
  }),
})

const sourceOf = (day: string) => `sync-source-${day}`
const targetOf = (day: string) => `sync-target-${day}`
const tableOf = (day: string) => `sync_${day.replaceAll('-', '_')}`
