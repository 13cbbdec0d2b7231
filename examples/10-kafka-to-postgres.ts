/**
 * Lesson 10: a log into a table, exactly once. The bird strikes are published to Kafka, keyed by state; then the topic is loaded into
 * Postgres, and in the middle of it the process kills itself. The second run goes on at the exact offsets, because they were committed in
 * the transactions that hold the rows. Publish more meanwhile: it changes nothing, since the ends were settled at the beginning.
 *
 *     npm run services                                              Kafka and Cassandra; paste the lines that it prints
 *     npx batchwright run kafka-to-postgres day=2026-01-31          killed
 *     npx batchwright run kafka-to-postgres day=2026-01-31          restarted: every offset is there once
 */
import { defineJob } from 'batchwright'
import { json, kafka, text } from 'batchwright/kafka'
import { pgClient } from 'batchwright/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { kafkaReader } from 'batchwright/readers/kafka'
import { kafkaWriter } from 'batchwright/writers/kafka'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const client = kafka({ brokers: process.env['KAFKA_BROKERS'] ?? 'localhost:9092' })

/** What is published of a strike. */
const Strike = z.object({
  line: z.int(),
  state: z.string(),
  date: z.iso.date(),
  species: z.string(),
  cost: z.int(),
})
type Strike = z.infer<typeof Strike>

const Row = z.object({
  line: z.int(),
  'Origin State': z.string(),
  'Flight Date': z.iso.date(),
  'Wildlife Species': z.string(),
  'Cost Total $': z.int(),
})

export const kafkaToPostgres = defineJob({
  name: 'kafka-to-postgres',
  description: 'Publishes the bird strikes to Kafka and loads the topic, through a crash, exactly once',
  parameters: z.object({
    day: z.iso.date().describe('another day is another instance, with a topic of its own'),
    crashAtOffset: z.int().default(1000),
  }),
  steps: (step) => ({
    prepare: step.tasklet(async ({ parameters, transaction }) => {
      await client.ensureTopic(topicOf(parameters.day), { partitions: 4 })
      await pgClient(transaction).query(
        `create table if not exists published_strike (
           day date, kafka_partition integer, kafka_offset bigint, line integer, state text, cost bigint,
           primary key (day, kafka_partition, kafka_offset))`,
      )
    }),

    publish: step.chunk(
      { size: 1000 },
      {
        reader: delimitedReader({ file: 'examples/data/birdstrikes.csv', schema: Row, line: 'line' }),
        processor: (row): Strike => ({
          line: row.line,
          state: row['Origin State'],
          date: row['Flight Date'],
          species: row['Wildlife Species'],
          cost: row['Cost Total $'],
        }),
        writer: ({ parameters }) =>
          kafkaWriter({
            client,
            topic: topicOf(parameters.day),
            transactional: true, // each strike is in the topic once, should this step be killed too
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
      { size: 500 },
      {
        reader: ({ parameters }) =>
          kafkaReader({
            client,
            topic: topicOf(parameters.day),
            value: json(Strike),
            group: 'batchwright-lessons',
          }),
        processor: ({ partition, offset, value }, { parameters, stepContext, stepExecution }) => {
          const { executionContext: before } = stepExecution
          const isFirstRun = before.kind === 'readable' && before.values['begun'] === undefined
          if (isFirstRun && offset === BigInt(parameters.crashAtOffset)) process.kill(process.pid, 'SIGKILL')
          stepContext.set('begun', true) // committed with the chunk, so that the restart finds it
          const { line, state, cost } = value
          return { day: parameters.day, kafka_partition: partition, kafka_offset: offset, line, state, cost }
        },
        writer: postgresWriter({
          table: 'published_strike',
          columns: ['day', 'kafka_partition', 'kafka_offset', 'line', 'state', 'cost'],
        }),
      },
    ),

    compare: step.tasklet(async ({ parameters, transaction }) => {
      const { rows } = await pgClient(transaction).query<Record<string, string>>(
        'select count(*) as rows, count(distinct line) as lines, sum(cost) as cost from published_strike where day = $1',
        [parameters.day],
      )
      const { rows: strikes, lines, cost } = rows[0] ?? {}
      console.error(`${strikes} rows of ${lines} lines, $${cost}`)
      if (strikes !== '10000' || lines !== '10000') throw new Error('A strike was lost or doubled.')
      console.error('Every strike is there once: the crash has lost nothing and doubled nothing.')
    }),
  }),
})

function topicOf(day: string): string {
  return `strikes-${day}`
}
