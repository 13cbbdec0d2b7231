/** What a chunk's or tasklet's work sees of its transaction, which begins when it first asks for the connection. */
import pg, { type ClientBase, type PoolClient, type Submittable } from 'pg'
import { BatchError } from '../../core/model/batch-error.ts'
import type { ResourceKey, Transaction } from '../../core/ports/resource.ts'
import { ENTITY_MANAGER, PG_CLIENT } from '../../postgres/resources.ts'
import { savepoints } from './savepoints.ts'
import { BEGIN } from './sql-words.ts'
import { StatementPipeline } from './statement-pipeline.ts'
import type { StepConnection } from './step-connection.ts'

export interface WorkTransaction {
  readonly transaction: Transaction
  /** The work is done; from now on the resources are refused. */
  readonly over: () => void
}

/** Statement after statement: BEGIN is sent at the first access, and whatever the work sends comes in turn behind it. */
export interface AwaitedTransaction extends WorkTransaction {
  /** Resolves when nothing is under way any more, with whether it has begun. */
  readonly settled: () => Promise<boolean>
}

export function awaitedTransaction(connection: StepConnection): AwaitedTransaction {
  let begun: Promise<void> | undefined
  const begin = (): Promise<void> => (begun ??= sendBegin(connection))
  const find = (key: ResourceKey<unknown>): unknown => {
    if (key.id !== PG_CLIENT.id && key.id !== ENTITY_MANAGER.id) return undefined
    void begin()
    return key.id === PG_CLIENT.id ? client : connection.manager
  }
  const savepoint = savepoints(connection.client, begin)
  const lent = lending(find, (work) => {
    lent.checkOpen(PG_CLIENT)
    return savepoint(work)
  })
  const client = lentClient(connection.client, (...call) => {
    lent.checkOpen(PG_CLIENT)
    return queryInTurn(connection, call, () => lent.checkOpen(PG_CLIENT))
  })
  const settled = async (): Promise<boolean> => {
    await connection.settled()
    return begun !== undefined
  }
  return { settled, ...lent }
}

/**
 * As `client.query` in its three forms. When its turn comes, a statement must still be wanted: what outlives a failed work, as the
 * rest of a Promise.all, would otherwise commit by itself behind the ROLLBACK.
 */
function queryInTurn(connection: StepConnection, call: readonly unknown[], checkOpen: () => void): unknown {
  const { client } = connection
  const query = (...facts: readonly unknown[]): unknown =>
    (client.query as (...facts: readonly unknown[]) => unknown).apply(client, [...facts])
  const [config] = call
  if (isSubmittable(config)) {
    // Its end is not ours to see, so nothing can wait for that.
    if (connection.isBusy) sendWhenSettled(connection, config, checkOpen, () => query(config))
    else query(config)
    return config
  }
  const sent = connection.inTurn(async () => {
    checkOpen()
    return query(...call.filter((one) => typeof one !== 'function'))
  })
  const callback = call.find((one) => typeof one === 'function')
  return callback === undefined ? sent : answered(sent, callback as Answer)
}

function sendWhenSettled(
  connection: StepConnection,
  statement: Submittable,
  checkOpen: () => void,
  send: () => unknown,
): void {
  const sent = connection.settled().then(() => {
    checkOpen()
    send()
  })
  sent.catch((error: Error) =>
    (statement as Partial<Refusable>).handleError?.(error, connection.client.connection),
  )
}

/** What `pg` calls on a statement that cannot be sent. */
interface Refusable {
  readonly handleError: (error: Error, connection: unknown) => void
}

type Answer = (error: unknown, result?: unknown) => void

/** Without a promise, as `pg` does it. */
function answered(result: Promise<unknown>, answer: Answer): undefined {
  result.then((value) => answer(null, value), answer)
}

/** All statements in one flush: they are collected, BEGIN first, and sent when the work has returned its promise. */
export interface CollectedTransaction extends WorkTransaction {
  readonly pipeline: StatementPipeline
}

export function collectedTransaction(connection: StepConnection): CollectedTransaction {
  const pipeline = new StatementPipeline(connection.client)
  const client = collectingClient(connection.client, pipeline)
  const find = (key: ResourceKey<unknown>): unknown => (key.id === PG_CLIENT.id ? client : undefined)
  return { pipeline, ...lending(find, () => Promise.reject(savepointInPipeline())) }
}

function lending(
  find: (key: ResourceKey<unknown>) => unknown,
  savepoint: Transaction['savepoint'],
): WorkTransaction & { readonly checkOpen: (key: ResourceKey<unknown>) => void } {
  let isOver = false
  const checkOpen = (key: ResourceKey<unknown>): void => {
    if (isOver) throw new Error(`the transaction is over: its ${key.name} cannot be used any more`)
  }
  const lend = <R>(key: ResourceKey<R>): R | undefined => {
    checkOpen(key)
    return find(key) as R | undefined
  }
  return {
    checkOpen,
    over: () => {
      isOver = true
    },
    transaction: {
      find: lend,
      savepoint,
      resource: (key) => {
        const found = lend(key)
        if (found === undefined) throw resourceMissing(key)
        return found
      },
    },
  }
}

/** A BEGIN that fails takes the connection with it: what is queued behind it must not commit by itself. */
function sendBegin(connection: StepConnection): Promise<void> {
  const { client } = connection
  connection.markTransaction('begun')
  return connection.inTurn(async () => {
    try {
      await client.query(BEGIN)
    } catch (error) {
      client.connection.stream.destroy(error as Error)
    }
  })
}

/** A client whose statements go behind those before it, to be sent together. */
function collectingClient(client: PoolClient, pipeline: StatementPipeline): ClientBase {
  return lentClient(client, (...call) => {
    if (pipeline.size === 0) pipeline.add({ text: BEGIN }).catch(() => undefined)
    const [config, values] = call
    if (isSubmittable(config)) {
      checkPipelined(config)
      pipeline.addSubmittable(config)
      return config
    }
    const statement = typeof config === 'string' ? { text: config } : (config as { text: string })
    const added = pipeline.add(Array.isArray(values) ? { ...statement, values } : statement)
    const callback = call.find((one) => typeof one === 'function')
    return callback === undefined ? added : answered(added, callback as Answer)
  })
}

function isSubmittable(config: unknown): config is Submittable & object {
  return typeof (config as { submit?: unknown } | null)?.submit === 'function'
}

/** The same rule as in `pg`'s pipeline mode: cursors and streams wait for answers while others stand behind them. */
function checkPipelined(statement: Submittable): void {
  if (statement instanceof pg.Query) return
  throw new Error(
    'a pipelined writer sends instances of pg.Query only: cursors and streams wait for answers in the middle',
  )
}

/** The client, but for `query`, and for the release, which is ours. */
function lentClient(client: PoolClient, query: (...call: readonly unknown[]) => unknown): ClientBase {
  return new Proxy(client, {
    get: (target, property) => {
      if (property === 'query') return query
      if (property === 'release' || property === 'end') return refuseRelease
      const value: unknown = Reflect.get(target, property)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function savepointInPipeline(): Error {
  return new Error(
    'a pipelined writer cannot use savepoints: nothing is answered before the whole transaction is sent; leave `pipelined` out',
  )
}

function refuseRelease(): never {
  throw new Error("the transaction's client belongs to the job repository: do not release or end it")
}

function resourceMissing({ name }: ResourceKey<unknown>): BatchError {
  return new BatchError(
    'TRANSACTION_RESOURCE_MISSING',
    `a transaction of the Postgres job repository has no ${name}: it has a '${PG_CLIENT.name}' and, unless the writer ` +
      `is pipelined, a '${ENTITY_MANAGER.name}'`,
    { details: { resource: name } },
  )
}
