/** The import, but its process freezes itself inside a chunk's transaction: after the write, before the commit. */
import type { PostgresRepositoryOptions } from 'batchwright/repository/postgres'
import type { ItemWriter } from 'batchwright/ports'
import { importTradesWith, tradeBatch } from './trade-import.ts'

interface Order {
  readonly repository: PostgresRepositoryOptions
  readonly file: string
  readonly table: string
  readonly leaseMilliseconds: number
  readonly freezeAtChunk: number
}

const { repository, file, table, leaseMilliseconds, freezeAtChunk } = JSON.parse(
  process.argv[2] ?? '',
) as Order

function freezing<T>(writer: ItemWriter<T>): ItemWriter<T> {
  return {
    ...writer,
    open: async (scope) => {
      const { write, close } = await writer.open(scope)
      let chunk = 0
      return {
        close,
        write: async (items, transaction) => {
          await write(items, transaction)
          if (++chunk === freezeAtChunk) process.kill(process.pid, 'SIGSTOP')
        },
      }
    },
  }
}

const job = importTradesWith(freezing)
const batch = await tradeBatch(repository, leaseMilliseconds, job)
const started = await batch.operator.start(job, { file, table })
const outcome = await started.ended.then(
  ({ execution }) => execution.status,
  (error: { code?: string }) => error.code,
)
console.log(`ended ${outcome}`)
await batch.close()
