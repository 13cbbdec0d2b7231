/**
 * Several statements in one flush, so that a chunk's whole transaction costs one round trip, and so that the server
 * itself stops at the first error.
 *
 * `pg`'s own `pipeline: true` ends every statement with a Sync. There a failed statement lets the next ones run: were
 * BEGIN to fail (a cancel request may hit it), the rows behind it would commit by themselves. Here everything is sent
 * in the extended protocol with a single Sync at the end, and after an error the server skips all that comes before
 * that Sync, the COMMIT included. COPY's data may stand between the statements. To `pg` the whole is one query: it
 * occupies the client from its first byte to the one ReadyForQuery.
 */
import pg, { type ClientBase, type Connection, type QueryResult } from 'pg'

/** What `pg`'s client calls on the object that it was given to submit; `pg.Query` has all of them. */
interface Statement {
  readonly name?: string
  readonly text?: string
  readonly submit: (connection: Connection) => unknown
  readonly handleError: (error: Error, connection: Connection) => void
  readonly handleReadyForQuery: (connection: Connection) => void
  readonly handleCommandComplete: (message: unknown, connection: Connection) => void
  readonly handleRowDescription?: (message: unknown) => void
  readonly handleDataRow?: (message: unknown) => void
  readonly handleEmptyQuery?: (connection: Connection) => void
  readonly handleCopyInResponse?: (connection: Connection) => void
  readonly handleCopyData?: (message: unknown, connection: Connection) => void
}

interface StatementText {
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

interface NamedStatements {
  readonly submittedNamedStatements: Record<string, string>
}

export class StatementPipeline {
  readonly #client: ClientBase
  readonly #statements: Statement[] = []
  #answered = 0
  #sent = false
  #failure: Error | undefined
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined
  #connection: Connection | undefined
  /** Set by `pg`, where the connection has a `query_timeout`: its clock stops when this is called. */
  callback: (() => void) | undefined

  constructor(client: ClientBase) {
    this.#client = client
  }

  get size(): number {
    return this.#statements.length
  }

  /** How many statements have completed; the one behind them is the one that failed. */
  get answered(): number {
    return this.#answered
  }

  /** Puts a statement at the end; settles when the server has answered it, or will not. */
  add(statement: StatementText): Promise<QueryResult> {
    return new Promise((resolve, reject) => {
      const query = new pg.Query(
        { ...statement, values: [...(statement.values ?? [])] },
        (error: Error | null | undefined, result: QueryResult) => {
          if (error) this.#refused(error, reject)
          else resolve(result)
        },
      )
      this.#push(query as unknown as Statement)
    })
  }

  /** As `client.query(submittable)`. */
  addSubmittable(statement: object): void {
    this.#push(statement as Statement)
  }

  /** Sends all; settles when the last is answered, with the first error otherwise. */
  send(): Promise<void> {
    this.#sent = true
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#client.query(this as unknown as pg.Submittable)
    })
  }

  /** Instead of `send`: every statement is told that it will not be run. */
  abandon(reason: Error): void {
    this.#sent = true
    this.#fail(reason)
  }

  // From here on called by pg's client, which takes this for one query.

  /** So that pg remembers which prepared statements this connection has parsed. */
  get name(): string | undefined {
    return this.#current?.name
  }

  get text(): string | undefined {
    return this.#current?.text
  }

  submit(connection: Connection): void {
    this.#connection = connection
    const withoutSync = inOneGroup(connection)
    connection.stream.cork()
    try {
      for (const statement of this.#statements) {
        const problem = statement.submit(withoutSync)
        if (problem instanceof Error) this.#failure = problem
        if (this.#failure !== undefined) break
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    } finally {
      connection.sync()
      connection.stream.uncork()
    }
  }

  handleRowDescription(message: unknown): void {
    this.#current?.handleRowDescription?.(message)
  }

  handleDataRow(message: unknown): void {
    this.#current?.handleDataRow?.(message)
  }

  handleCopyInResponse(connection: Connection): void {
    this.#current?.handleCopyInResponse?.(connection)
  }

  handleCopyData(message: unknown, connection: Connection): void {
    this.#current?.handleCopyData?.(message, connection)
  }

  handleCommandComplete(message: unknown, connection: Connection): void {
    const done = this.#current
    this.#answered += 1
    done?.handleCommandComplete(message, connection)
    done?.handleReadyForQuery(connection)
  }

  handleEmptyQuery(connection: Connection): void {
    const done = this.#current
    this.#answered += 1
    done?.handleEmptyQuery?.(connection)
    done?.handleReadyForQuery(connection)
  }

  handleReadyForQuery(): void {
    if (this.#failure === undefined) this.#succeed()
    else this.#fail(this.#failure)
  }

  handleError(error: Error): void {
    if (this.#answered === this.#statements.length) this.#succeed()
    else this.#fail(error)
  }

  get #current(): Statement | undefined {
    return this.#statements[this.#answered]
  }

  #push(statement: Statement): void {
    if (this.#sent) {
      throw new Error(
        'this transaction is already on its way: a pipelined writer puts all its statements on the connection ' +
          'before it returns its promise',
      )
    }
    this.#readAsClient(statement)
    this.#statements.push(statement)
  }

  /** As `client.query` does: results are read with the client's own type parsers. */
  #readAsClient(statement: Statement): void {
    const { _result: result } = statement as { _result?: { _types?: pg.CustomTypesConfig } }
    if (result === undefined || result._types !== undefined) return
    const getTypeParser = ((oid: number, format?: 'text') =>
      this.#client.getTypeParser(oid, format)) as pg.CustomTypesConfig['getTypeParser']
    result._types = { getTypeParser }
  }

  /** An error that `pg` finds while it writes the statement down: nothing behind it may be sent. */
  #refused(error: Error, reject: (error: Error) => void): void {
    this.#failure ??= error
    reject(error)
  }

  #succeed(): void {
    this.callback?.()
    this.#settle?.resolve()
  }

  #fail(error: Error): void {
    this.callback?.()
    const [failed, ...skipped] = this.#statements.splice(this.#answered)
    const names = (this.#connection as unknown as NamedStatements | undefined)?.submittedNamedStatements
    const tell = (statement: Statement, reason: Error): void => {
      // What was not parsed must be parsed the next time.
      if (statement.name !== undefined) delete names?.[statement.name]
      statement.handleError(reason, this.#connection as Connection)
    }
    if (failed !== undefined) tell(failed, error)
    const notRun = new Error('not run, because an earlier statement of its transaction failed', {
      cause: error,
    })
    for (const statement of skipped) tell(statement, notRun)
    this.#settle?.reject(error)
  }
}

/** The connection as the statements see it: no Sync of their own, and the extended protocol for every text. */
function inOneGroup(connection: Connection): Connection {
  return Object.create(connection, {
    sync: { value: () => undefined },
    flush: { value: () => undefined },
    query: {
      value: (text: string) => {
        const wire = connection as unknown as Record<
          'parse' | 'bind' | 'describe' | 'execute',
          (message: object) => void
        >
        wire.parse({ name: '', text, types: [] })
        wire.bind({ portal: '', statement: '', values: [] })
        wire.describe({ type: 'P', name: '' })
        wire.execute({ portal: '', rows: 0 })
      },
    },
  }) as Connection
}
