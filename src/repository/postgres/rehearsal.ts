/** Chunks tried in Postgres and never committed. */
import type { Rehearsal } from '../../core/ports/step-session.ts'
import { awaitedTransaction } from './chunk-transaction.ts'
import type { SessionSource } from './session-source.ts'
import { StepConnection } from './step-connection.ts'

/**
 * On a connection of its own, which is registered nowhere: there is no step execution that recovery could look for. The
 * transaction begins when it is first used, and keeps its row locks until it is closed. Sequences do not roll back.
 */
export async function openRehearsal(source: SessionSource): Promise<Rehearsal> {
  const connection = await StepConnection.open(source)
  const { transaction, over, settled } = awaitedTransaction(connection)
  return {
    transaction,
    close: async () => {
      over()
      try {
        if (await settled()) await connection.client.query('rollback')
        connection.markTransaction('over')
        await connection.release()
      } catch {
        await connection.discard() // the server rolls back by itself
      }
    },
  }
}
