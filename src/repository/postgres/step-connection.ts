/** The one connection that a step's transactions use, and how it is replaced when it dies. */
import type { ClientBase, PoolClient, QueryResult } from 'pg'
import type { DataSource, EntityManager, QueryRunner } from 'typeorm'
import type { RunSql } from './fence.ts'
import type { SessionSource } from './session-source.ts'

/** TypeORM counts nested transactions here; its typings keep it to themselves. */
interface TransactionState {
  isTransactionActive: boolean
  transactionDepth: number
}

export class StepConnection {
  readonly #source: SessionSource
  #givePlaceBack: () => void
  #isResting = false
  #runner: QueryRunner
  #client: PoolClient
  /** Settled when everything that was sent so far has been answered. */
  #turn: Promise<unknown> = Promise.resolve()
  #underWay = 0

  private constructor(
    source: SessionSource,
    givePlaceBack: () => void,
    runner: QueryRunner,
    client: PoolClient,
  ) {
    this.#source = source
    this.#givePlaceBack = givePlaceBack
    this.#runner = runner
    this.#client = client
    this.#refuseOutsideTransaction(runner)
  }

  /** Waits for its turn when as many steps are at work as there are places. */
  static async open(source: SessionSource): Promise<StepConnection> {
    const givePlaceBack = await source.takePlace()
    try {
      const [runner, client] = await checkOut(source.source)
      return new StepConnection(source, givePlaceBack, runner, client)
    } catch (error) {
      givePlaceBack()
      throw error
    }
  }

  get client(): PoolClient {
    return this.#client
  }

  get manager(): EntityManager {
    return this.#runner.manager
  }

  /** TypeORM has given the connection back by itself, because it broke. */
  get isLost(): boolean {
    return this.#runner.isReleased
  }

  /** A statement that is committed by itself. */
  readonly run: RunSql = async <R>(text: string, values: readonly unknown[]) => {
    const { rows }: QueryResult = await this.#client.query({ text, values: [...values] })
    return rows as R[]
  }

  /**
   * Tells TypeORM that its connection is in a transaction, so that `manager.save()` and `manager.transaction()` make
   * savepoints inside ours and never end it.
   */
  markTransaction(state: 'begun' | 'over'): void {
    const runner = this.#runner as unknown as TransactionState
    runner.isTransactionActive = state === 'begun'
    runner.transactionDepth = state === 'begun' ? 1 : 0
  }

  /**
   * Sends when everything before it has been answered. A work may send several statements at once, the first of them behind
   * our BEGIN; `pg` has a queue for that, and is about to give it up.
   */
  async inTurn<T>(send: () => Promise<T>): Promise<T> {
    this.#underWay += 1
    const sent = this.#turn.then(send)
    this.#turn = sent.catch(() => undefined)
    try {
      return await sent
    } finally {
      this.#underWay -= 1
    }
  }

  get isBusy(): boolean {
    return this.#underWay > 0
  }

  /** Resolves when nothing waits for its turn or for an answer. */
  async settled(): Promise<void> {
    for (let last: unknown; last !== this.#turn;) {
      last = this.#turn
      await last
    }
  }

  /** Throws this connection away and takes another. */
  async replace(): Promise<void> {
    await this.destroy()
    if (this.#isResting) this.#givePlaceBack = await this.#source.takePlace()
    this.#isResting = false
    const [runner, client] = await checkOut(this.#source.source)
    this.#runner = runner
    this.#client = client
    this.#refuseOutsideTransaction(runner)
  }

  /** Back to the pool, to be used again. */
  async release(): Promise<void> {
    await this.#runner.release()
    this.#leave()
  }

  /** The end of a connection that must not be used again, and of the step's place. */
  async discard(): Promise<void> {
    await this.destroy()
    this.#leave()
  }

  #leave(): void {
    this.#isResting = true
    this.#givePlaceBack()
  }

  /**
   * Back to the pool, which closes it: nobody else may get a session that is still registered as this step's. The step keeps
   * its place, for another connection.
   */
  async destroy(): Promise<void> {
    if (this.#runner.isReleased) return
    endNow(this.#client)
    await this.#runner.release()
  }

  /** All that a manager does goes through `query`; outside our transaction it would be committed by itself. */
  #refuseOutsideTransaction(runner: QueryRunner): void {
    const query = runner.query.bind(runner) as (...call: readonly unknown[]) => Promise<unknown>
    const guarded = (...call: readonly unknown[]): Promise<unknown> =>
      this.inTurn(async () => {
        if (runner.isTransactionActive) return query(...call)
        throw new Error('the transaction is over: its typeorm entity manager cannot be used any more')
      })
    Object.assign(runner, { query: guarded })
  }
}

/** A client that was told to end is not taken back by its pool. Nothing waits for the server's farewell. */
export function endNow(client: ClientBase): void {
  const ended = (client as PoolClient).end()
  ended.catch(() => undefined)
}

async function checkOut(source: DataSource): Promise<[QueryRunner, PoolClient]> {
  const runner = source.createQueryRunner()
  const client = (await runner.connect()) as PoolClient
  return [runner, client]
}
