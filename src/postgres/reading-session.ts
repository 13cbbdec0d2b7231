/** One connection that reads: its texts do not depend on how server or role are set up, and it can be interrupted. */
import { setTimeout as delay } from 'node:timers/promises'
import type { FieldDef, PoolClient } from 'pg'
import { untilAborted } from '../core/model/until-aborted.ts'
import type { HeldPool } from './own-connection.ts'
import type { RawRow } from './row-decoder.ts'

export interface RawResult {
  readonly fields: readonly FieldDef[]
  readonly rows: readonly RawRow[]
}

/** With these a text means one value, wherever and whenever it is read: checkpoints and items are made of such texts. */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['DateStyle', 'ISO'],
  ['IntervalStyle', 'postgres'],
  ['TimeZone', 'UTC'],
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
]

/** Takes a connection from the pool; `close` gives it back as it was, or ends it where it cannot be used any more. */
export async function openReadingSession(held: HeldPool, signal: AbortSignal): Promise<ReadingSession> {
  signal.throwIfAborted()
  const connecting = held.pool.connect()
  const client = await untilAborted(connecting, signal).catch((error: unknown) => {
    connecting.then((late) => late.release(), ignore)
    throw error
  })
  const session = new ReadingSession(held, client, signal)
  try {
    await session.setUp()
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

export class ReadingSession {
  readonly #held: HeldPool
  readonly #client: PoolClient
  readonly #signal: AbortSignal
  #settingsBefore: readonly (string | null)[] = []
  #isRunning = false
  #isLost = false

  constructor(held: HeldPool, client: PoolClient, signal: AbortSignal) {
    this.#held = held
    this.#client = client
    this.#signal = signal
    client.on('error', this.#onLoss)
  }

  /** The query that runs reports the loss; without a listener the event would end the process. */
  readonly #onLoss = (): void => void (this.#isLost = true)

  /** For questions about tables, so that a pool of one connection suffices. */
  get client(): PoolClient {
    return this.#client
  }

  get isAborted(): boolean {
    return this.#signal.aborted
  }

  /** All values as Postgres's own text. Rejects with the signal's reason as soon as that is aborted. */
  async query(text: string, values: readonly unknown[]): Promise<RawResult> {
    this.#isRunning = true
    const types = { getTypeParser: () => asReceived }
    const answer = this.#client
      .query<(string | null)[]>({ text, values: [...values], rowMode: 'array', types })
      .finally(() => void (this.#isRunning = false))
    return untilAborted(answer, this.#signal)
  }

  async setUp(): Promise<void> {
    const names = SETTINGS.map(([name]) => `current_setting('${name}')`)
    const { rows } = await this.query(`select ${names.join(', ')}`, [])
    await this.#apply(SETTINGS.map(([, value]) => value))
    this.#settingsBefore = rows[0] ?? []
  }

  /** Also while a query runs. */
  async close(): Promise<void> {
    if (this.#isRunning) await this.#interrupt()
    else if (!this.#isLost) await this.#restore()
    if (!this.#isLost) this.#client.off('error', this.#onLoss)
    this.#client.release(this.#isLost)
  }

  async #restore(): Promise<void> {
    if (this.#settingsBefore.length === 0) return
    await this.#apply(this.#settingsBefore).catch(this.#onLoss)
  }

  async #apply(values: readonly (string | null)[]): Promise<void> {
    const calls = SETTINGS.map(([name], index) => `set_config('${name}', $${index + 1}, false)`)
    await this.#client.query(`select ${calls.join(', ')}`, [...values])
  }

  /** Closing the socket alone would let the server finish a query that nobody waits for. */
  async #interrupt(): Promise<void> {
    const { pool } = this.#held
    const cancelled = pool.query('select pg_cancel_backend($1)', [processId(this.#client)]).catch(ignore)
    await Promise.race([cancelled, delay(CANCEL_PATIENCE_MILLISECONDS, undefined, { ref: false })])
    this.#isLost = true
    void this.#client.end()
    this.#client.connection.stream.destroy()
  }
}

/** For the server to take note of the cancellation; the connection ends anyway. */
const CANCEL_PATIENCE_MILLISECONDS = 1_000

/** As the server told it at the beginning; its type declarations leave it out. */
function processId(client: PoolClient): number {
  return (client as unknown as { readonly processID: number }).processID
}

function asReceived(text: string): string {
  return text
}

function ignore(): void {}
