/**
 * Lesson 2, and the job of `npm start`: a real file into Postgres, checked row by row, then summed up.
 *
 *     npx batchwright run bird-strikes file=examples/data/birdstrikes.csv businessDate=2026-01-31
 *
 * Every row is committed together with the step's progress, so that a crash at any moment loses none and doubles none.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { defineJob, nonIdentifying } from 'batchwright'
import { pgClient } from 'batchwright/postgres'
import { delimitedReader } from 'batchwright/readers/delimited'
import { postgresWriter } from 'batchwright/writers/postgres'
import { z } from 'zod'

/** A row of the FAA's file, by the file's own column names. An empty speed is null; costs are whole dollars. */
const Strike = z.object({
  line: z.int(),
  'Airport Name': z.string(),
  'Aircraft Make Model': z.string(),
  'Effect Amount of damage': z.string(),
  'Flight Date': z.iso.date(),
  'Aircraft Airline Operator': z.string(),
  'Origin State': z.string(),
  'Phase of flight': z.string(),
  'Wildlife Size': z.string(),
  'Wildlife Species': z.string(),
  'Time of day': z.string(),
  'Cost Other': z.int(),
  'Cost Repair': z.int(),
  'Cost Total $': z.int(),
  'Speed IAS in knots': z.int().nullable(),
})

const CREATE_TABLE = `
  create table if not exists bird_strike (
    business_date date    not null,
    line          integer not null,
    airport       text    not null,
    aircraft      text    not null,
    damage        text    not null,
    flight_date   date    not null,
    operator      text    not null,
    state         text    not null,
    phase         text    not null,
    wildlife_size text    not null,
    species       text    not null,
    time_of_day   text    not null,
    cost_other    bigint  not null,
    cost_repair   bigint  not null,
    cost_total    bigint  not null,
    speed_knots   integer,
    primary key (business_date, line)
  )`

const SUMMARY = `
  select state, phase, count(*) as strikes, sum(cost_total) as cost
    from bird_strike
   where business_date = $1
   group by state, phase
   order by state, phase`

const COSTLIEST = `
  select flight_date::text as day, state, species, aircraft, cost_total as cost
    from bird_strike
   where business_date = $1
   order by cost_total desc, line
   limit 10`

export const birdStrikes = defineJob({
  name: 'bird-strikes',
  description: "Imports the FAA's bird strike reports and sums them up by state and phase of flight",
  parameters: z.object({
    file: z.string().describe('the delimited file to import'),
    businessDate: z.iso.date().describe('the day the import belongs to'),
    chunkSize: nonIdentifying(z.int().min(1)).default(1000).describe('rows per transaction'),
  }),
  steps: (step) => ({
    createTable: step.tasklet(async ({ transaction }) => {
      await pgClient(transaction).query(CREATE_TABLE)
    }),

    load: step.chunk(
      { size: ({ parameters }) => parameters.chunkSize },
      {
        reader: ({ parameters }) => delimitedReader({ file: parameters.file, schema: Strike, line: 'line' }),
        processor: (row, { parameters }) => ({
          business_date: parameters.businessDate,
          line: row.line,
          airport: row['Airport Name'],
          aircraft: row['Aircraft Make Model'],
          damage: row['Effect Amount of damage'],
          flight_date: row['Flight Date'],
          operator: row['Aircraft Airline Operator'],
          state: row['Origin State'],
          phase: row['Phase of flight'],
          wildlife_size: row['Wildlife Size'],
          species: row['Wildlife Species'],
          time_of_day: row['Time of day'],
          cost_other: row['Cost Other'],
          cost_repair: row['Cost Repair'],
          cost_total: row['Cost Total $'],
          speed_knots: row['Speed IAS in knots'],
        }),
        writer: postgresWriter({
          table: 'bird_strike',
          columns: [
            'business_date',
            'line',
            'airport',
            'aircraft',
            'damage',
            'flight_date',
            'operator',
            'state',
            'phase',
            'wildlife_size',
            'species',
            'time_of_day',
            'cost_other',
            'cost_repair',
            'cost_total',
            'speed_knots',
          ],
        }),
      },
    ),

    summarise: step.tasklet(async ({ parameters, transaction, count }) => {
      const client = pgClient(transaction)
      const { rows } = await client.query<SummaryRow>(SUMMARY, [parameters.businessDate])
      const file = `out/bird-strikes-${parameters.businessDate}.csv`
      await publish(file, ['state,phase,strikes,cost', ...rows.map(summaryLine)].join('\n') + '\n')
      count({ readCount: rows.length, writeCount: rows.length })
      const costliest = await client.query<CostlyStrike>(COSTLIEST, [parameters.businessDate])
      console.error(`\nThe ten costliest strikes (all by state and phase: ${file})\n`)
      console.error(costliest.rows.map(costlyLine).join('\n'))
    }),
  }),
})

interface SummaryRow {
  readonly state: string
  readonly phase: string
  readonly strikes: string
  readonly cost: string
}

interface CostlyStrike {
  readonly day: string
  readonly state: string
  readonly species: string
  readonly aircraft: string
  readonly cost: string
}

function summaryLine({ state, phase, strikes, cost }: SummaryRow): string {
  const quoted = [state, phase].map((text) => `"${text.replaceAll('"', '""')}"`)
  return [...quoted, strikes, cost].join(',')
}

function costlyLine({ day, state, species, aircraft, cost }: CostlyStrike): string {
  const dollars = `$${Number(cost).toLocaleString('en-US')}`
  return `  ${dollars.padStart(12)}  ${day}  ${state.padEnd(16)} ${aircraft.padEnd(16)} ${species}`
}

/** The file appears whole or not at all, and may be published again after a crash. */
async function publish(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.part`, text)
  await rename(`${file}.part`, file)
}
