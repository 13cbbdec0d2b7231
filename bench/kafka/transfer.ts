/** Runs one way of moving the records, in a process of its own, and prints the seconds that it took. */
import { bareKafkaToKafka, bareKafkaToPostgres, barePostgresToKafka } from './bare-loops.ts'
import { kafkaToKafka, kafkaToPostgres, postgresToKafka } from './batchwright-jobs.ts'
import type { Transfer } from './trade.ts'

const WAYS: Readonly<Record<string, (transfer: Transfer) => Promise<number>>> = {
  'kafka-to-postgres': kafkaToPostgres,
  'postgres-to-kafka': postgresToKafka,
  'kafka-to-kafka': kafkaToKafka,
  'bare-kafka-to-postgres': bareKafkaToPostgres,
  'bare-postgres-to-kafka': barePostgresToKafka,
  'bare-kafka-to-kafka': bareKafkaToKafka,
}

const [name = '', transfer = ''] = process.argv.slice(2)
const way = WAYS[name]
if (way === undefined) throw new Error(`There is no way ${name}.`)
const asked = JSON.parse(transfer) as Transfer
const begun = performance.now()
const moved = await way(asked)
const seconds = (performance.now() - begun) / 1000
if (moved !== asked.records) throw new Error(`${name} has moved ${moved} of ${asked.records} records`)
console.log(seconds)
