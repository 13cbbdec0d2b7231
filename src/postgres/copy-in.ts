/** COPY … FROM STDIN in one message train: the rows are sent right behind the statement, without waiting for the answer. */
import { type ClientBase, type Connection, Query, type QueryResult } from 'pg'

/**
 * Puts the statement and its rows on the connection before it returns; settles with the number of rows that were
 * stored, or with Postgres's error. Whatever happens, the connection stays usable: rows that arrive after a refusal are
 * discarded by the server, as its protocol says, and it answers ready exactly once.
 *
 * Works in `pg`'s default mode (it is sent when its turn comes) and with `pipeline: true` (it is sent at once).
 */
export function copyIn(client: ClientBase, statement: string, rows: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const query = new Query(statement, (error: Error | undefined | null, result: QueryResult) => {
      if (error) reject(error)
      else resolve(result.rowCount ?? 0)
    })
    client.query(Object.assign(query, { submit: submitCopy(statement, rows), handleCopyInResponse: proceed }))
  })
}

/** pg's own answer to "send the rows" is CopyFail, since its queries have none to send; ours are under way. */
function proceed(): void {}

/**
 * One simple query, so that an error in an earlier statement of the pipeline is answered for itself, with one
 * ReadyForQuery for each statement. In the extended protocol the server would skip to the next Sync, and ignore a Sync
 * that arrives amid the rows.
 *
 * pg's pipeline mode takes nothing but instances of its `Query` (it would corrupt queries that keep a portal open),
 * which is why one of those is given another `submit`.
 */
function submitCopy(statement: string, rows: readonly Buffer[]): (connection: Connection) => null {
  return (connection) => {
    const { stream } = connection
    if (!stream.writable) return null
    stream.cork()
    try {
      connection.query(statement)
      for (const part of rows) {
        stream.write(copyDataHeader(part.length))
        stream.write(part)
      }
      stream.write(COPY_DONE)
    } finally {
      stream.uncork()
    }
    return null
  }
}

function copyDataHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(5)
  header[0] = 0x64 // 'd'
  header.writeUInt32BE(length + 4, 1)
  return header
}

const COPY_DONE = Buffer.from([0x63, 0, 0, 0, 4]) // 'c'
