/** Names the jobs and schedules that the `batchwright` command knows in this checkout. */
import { defineConfig } from 'batchwright'
import { hello } from './examples/01-hello-tasklet.ts'
import { birdStrikes } from './examples/02-bird-strikes.ts'
import { crashAndRestart } from './examples/03-crash-and-restart.ts'
import { roundTrip } from './examples/04-round-trip.ts'
import { badRows } from './examples/05-bad-rows.ts'
import { stateReport } from './examples/06-flow.ts'
import { partitions } from './examples/07-partitions.ts'
import { strikesByState } from './examples/09-strikes-by-state.ts'
import { kafkaToPostgres } from './examples/10-kafka-to-postgres.ts'
import { cassandraToCsv } from './examples/11-cassandra-to-csv.ts'
import { sync } from './examples/12-sync.ts'
import { eachMinute, heartbeat } from './examples/13-schedule.ts'
import { letters } from './examples/14-serve.ts'

export default defineConfig({
  jobs: [
    hello,
    birdStrikes,
    crashAndRestart,
    roundTrip,
    badRows,
    stateReport,
    partitions,
    strikesByState,
    kafkaToPostgres,
    cassandraToCsv,
    sync,
    heartbeat,
    letters,
  ],
  schedules: [eachMinute],
})
