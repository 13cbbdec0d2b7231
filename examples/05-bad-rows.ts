/**
 * Lesson 5: bad rows. A file with a date that does not exist, a cost that is no number, a plane faster than sound, reports that
 * were sent twice and a negative bill. Each of them costs itself; all others are loaded, in the same transaction.
 *
 *     npx batchwright run bad-rows
 *     npx batchwright quarantine list                what was left out, where it stands, and why
 */
import { defineJob } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

const Strike = z.object({
  'Airport Name': z.string(),
  'Aircraft Make Model': z.string(),
  'Flight Date': z.iso.date(),
  'Aircraft Airline Operator': z.string(),
  'Phase of flight': z.string(),
  'Wildlife Species': z.string(),
  'Time of day': z.string(),
  'Cost Other': z.int(),
  'Cost Total $': z.int(),
  'Speed IAS in knots': z.int().nullable(),
})

const CREATE_TABLE = `
  create table if not exists strike_report (
    airport  text   not null,
    aircraft text   not null,
    day      date   not null,
    operator text   not null,
    phase    text   not null,
    species  text   not null,
    time     text   not null,
    cost     bigint not null check (cost >= 0),
    primary key (airport, aircraft, day, operator, phase, species, time)
  )`

const MACH_1_IN_KNOTS = 661

export const badRows = defineJob({
  name: 'bad-rows',
  description: 'Loads a file in which some rows are bad; each of them costs itself',
  parameters: z.object({ file: z.string().default('examples/data/birdstrikes-spoilt.csv') }),
  steps: (step) => ({
    createTable: step.tasklet(async ({ transaction }) => {
      await pgClient(transaction).query(CREATE_TABLE)
    }),

    load: step.chunk(
      {
        size: 500,
        skip: { on: Error, limit: 10 },
      },
      {
        reader: ({ parameters }) => delimitedReader({ file: parameters.file, schema: Strike }),
        processor: (row) => {
          if (Number(row['Speed IAS in knots']) > MACH_1_IN_KNOTS) throw new Error('no bird was that fast')
          return {
            airport: row['Airport Name'],
            aircraft: row['Aircraft Make Model'],
            day: row['Flight Date'],
            operator: row['Aircraft Airline Operator'],
            phase: row['Phase of flight'],
            species: row['Wildlife Species'],
            time: row['Time of day'],
            cost: row['Cost Total $'],
          }
        },
        writer: postgresWriter({
          table: 'strike_report',
          columns: ['airport', 'aircraft', 'day', 'operator', 'phase', 'species', 'time', 'cost'],
        }),
        listeners: [
          {
            onSkipInRead: (error) => console.error(`not read: ${(error as Error).message}`),
            onSkipInProcess: (error, _, { line }) =>
              console.error(`not processed: line ${line}, ${(error as Error).message}`),
            onSkipInWrite: (_, { airport, day }, { line }) =>
              console.error(`not written: line ${line}, ${airport} on ${day}`),
          },
        ],
      },
    ),
  }),
})
