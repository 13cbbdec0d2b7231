/**
 * Lesson 11: a whole table into a file. The scan goes over the ring's token ranges, several at a time, and hands the rows over in the order
 * of their tokens, so that a restart goes on behind the last committed row; the file appears when it is whole. Kill it and see:
 *
 *     npm run services                                              Cassandra; paste the lines that it prints
 *     npx batchwright run cassandra-to-csv day=2026-01-31
 */
import { defineJob } from 'batchwright'
import { cassandraReader } from 'batchwright/readers/cassandra'
import { delimitedReader } from 'batchwright/readers/delimited'
import { cassandraWriter } from 'batchwright/writers/cassandra'
import { delimitedWriter } from 'batchwright/writers/delimited'
import { z } from 'zod'
import {
  cassandraClient,
  createCassandraTable,
  Strike,
  STRIKE_COLUMNS,
  strikeOf,
  StrikeRow,
  strikeTable,
} from './lesson-servers.ts'

const TABLE = 'lessons.strike_to_export'

export const cassandraToCsv = defineJob({
  name: 'cassandra-to-csv',
  description: 'Loads a Cassandra table, and exports the whole of it by token range',
  parameters: z.object({ day: z.iso.date().describe('another day is another instance, and another file') }),
  steps: (step) => ({
    createTable: step.tasklet(() => createCassandraTable(strikeTable('strike_to_export'))),

    load: step.chunk(
      { size: 1000 },
      {
        reader: delimitedReader({ file: 'examples/data/birdstrikes.csv', schema: StrikeRow, line: 'line' }),
        processor: strikeOf,
        writer: cassandraWriter({ client: cassandraClient, table: TABLE, columns: STRIKE_COLUMNS }),
      },
    ),

    export: step.chunk(
      { size: 500 },
      {
        reader: cassandraReader({ client: cassandraClient, table: TABLE, schema: Strike, concurrency: 8 }),
        writer: ({ parameters }) =>
          delimitedWriter({ file: `out/strikes-${parameters.day}.csv`, columns: STRIKE_COLUMNS }),
      },
    ),
  }),
})
