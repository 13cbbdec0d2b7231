/** The import in a process of its own, to be killed. Prints a line when it has started, and one a commit. */
import type { PostgresRepositoryOptions } from 'batchwright/repository/postgres'
import { importTrades, tradeBatch } from './trade-import.ts'

interface Order {
  readonly repository: PostgresRepositoryOptions
  readonly file: string
  readonly table: string
}

const { repository, file, table } = JSON.parse(process.argv[2] ?? '') as Order
const batch = await tradeBatch(repository)
const started = await batch.operator.start(
  importTrades,
  { file, table },
  { observer: { stepProgressed: ({ commitCount }) => console.log(`committed ${commitCount}`) } },
)
console.log('started')
const { execution, error } = await started.ended
await batch.close()
console.log(execution.status)
if (execution.status !== 'COMPLETED') {
  console.error(error)
  process.exitCode = 1
}
