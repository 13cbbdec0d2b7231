/** `npm run bench` runs every benchmark; `npm run bench -- csv-to-postgres 1000000` one of them. */
import { benchCassandra } from './cassandra.ts'
import { benchCsvToPostgres } from './csv-to-postgres.ts'
import { benchKafka } from './kafka.ts'
import { benchLaunch } from './launch.ts'
import { benchListExecutions } from './list-executions.ts'
import { benchOverhead } from './overhead.ts'

const BENCHES: Readonly<Record<string, (sizes: readonly number[]) => Promise<void>>> = {
  'csv-to-postgres': (sizes) => benchCsvToPostgres(sizes.length > 0 ? sizes : [1_000_000, 3_000_000]),
  overhead: () => benchOverhead(),
  launch: ([launches = 1000]) => benchLaunch(launches),
  kafka: ([records = 500_000]) => benchKafka(records),
  'list-executions': ([executions = 1_000_000]) => benchListExecutions(executions),
  cassandra: ([rows = 200_000]) => benchCassandra(rows),
}

const [name, ...sizes] = process.argv.slice(2)
if (name !== undefined && BENCHES[name] === undefined)
  throw new Error(`There is no benchmark ${name}: ${Object.keys(BENCHES).join(', ')}`)
for (const [title, bench] of Object.entries(BENCHES)) {
  if (name === undefined || name === title) await bench(sizes.map(Number))
}
