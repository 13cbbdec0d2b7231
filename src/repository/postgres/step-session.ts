/** One step execution at work: its connection, its version, and what becomes of it when the connection dies. */
import type { BatchError } from '../../core/model/batch-error.ts'
import { isLive } from '../../core/model/batch-status.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type {
  ChunkCommit,
  CommitAnswer,
  StepEnd,
  StepProgress,
  StepSession,
} from '../../core/ports/step-session.ts'
import { type CommitAttempt, commitAwaited, commitCollected, type Metadata } from './chunk-commit.ts'
import { explainRefusal, isProofFailure, whileFenced } from './fence.ts'
import { classified, errorCode, isConnectionLoss } from './postgres-errors.ts'
import { type FoundStep, reconnect } from './reconnect-step.ts'
import type { RepositoryAddress } from './repository-options.ts'
import type { SessionSource } from './session-source.ts'
import type { StepConnection } from './step-connection.ts'
import { changedElsewhere, connectionLost, failedBehindCommit, overtaken } from './step-session-errors.ts'
import {
  endStatement,
  endValues,
  type PreparedStatement,
  progressMetadata,
  type ProgressStatements,
  progressStatements,
  type StepAt,
} from './step-statements.ts'

export interface StepPlace {
  readonly source: SessionSource
  readonly address: RepositoryAddress
  readonly claim: Claim
}

/** Of a step execution that was inserted through this connection. */
export function sessionOn(
  place: StepPlace,
  connection: StepConnection,
  stepExecution: StepExecution,
): StepSession {
  return new PostgresStepSession(place, connection, stepExecution)
}

class PostgresStepSession implements StepSession {
  readonly stepExecution: StepExecution
  readonly #place: StepPlace
  readonly #connection: StepConnection
  readonly #progress: ProgressStatements
  readonly #end: PreparedStatement
  #version: number
  #hasEnded = false
  /** Sent, but its answer was lost, and what became of it was not found out since. */
  #inDoubt: StepProgress | StepEnd | undefined
  /** Committed, although the caller was told otherwise: it must not be overwritten with what the caller knows. */
  #overtaken: StepProgress | undefined

  constructor(place: StepPlace, connection: StepConnection, stepExecution: StepExecution) {
    this.#place = place
    this.#connection = connection
    this.stepExecution = stepExecution
    this.#version = stepExecution.version
    this.#progress = progressStatements(place.address.tables)
    this.#end = endStatement(place.address.tables)
  }

  async commit(chunk: ChunkCommit): Promise<CommitAnswer> {
    if (this.#connection.isLost) await this.#reconnect('committing a chunk')
    if (this.#overtaken !== undefined) throw overtaken(this.stepExecution)
    const attempt = chunk.pipelined
      ? await commitCollected(this.#connection, chunk, this.#metadata)
      : await commitAwaited(this.#connection, chunk, this.#metadata)
    return this.#settle(attempt)
  }

  async end(end: StepEnd): Promise<void> {
    const doing = `ending step '${this.stepExecution.stepName}'`
    if (this.#connection.isLost && (await this.#wasEnded(end, doing))) return
    try {
      await this.#writeEnd(end)
    } catch (error) {
      if (!isConnectionLoss(error)) throw error
      await this.#connection.destroy()
      this.#inDoubt = end
      if (await this.#wasEnded(end, doing, error)) return
      await this.#writeEnd(end).catch((again: unknown) => {
        throw classified(again, this.#place.address, doing, 'unknown')
      })
    }
    this.#hasEnded = true
  }

  /** The next call finds the connection lost, and takes another. */
  async rest(): Promise<void> {
    await this.#connection.discard()
  }

  async wake(): Promise<void> {
    if (this.#connection.isLost) await this.#reconnect(`going on with step '${this.stepExecution.stepName}'`)
  }

  /** A session that did not end stays registered for recovery, so its connection must not be given to anybody else. */
  async close(): Promise<void> {
    if (this.#hasEnded) await this.#connection.release()
    else await this.#connection.discard()
  }

  readonly #metadata = (progress: StepProgress): Metadata =>
    progressMetadata(this.#progress, this.#at, progress)

  get #at(): StepAt {
    return { ...this.#place.claim, stepExecutionId: this.stepExecution.id, version: this.#version }
  }

  async #settle(attempt: CommitAttempt): Promise<CommitAnswer> {
    switch (attempt.outcome) {
      case 'committed':
        this.#version += 1
        return { jobStatus: attempt.jobStatus }
      case 'refused':
        throw await this.#explain()
      case 'rolled-back':
        throw this.#ofThisConnection(attempt.error)
          ? classified(attempt.error, this.#place.address, 'committing a chunk', 'nothing-committed')
          : attempt.error
      case 'unknown':
        return this.#findOut(attempt.progress, attempt.error)
      case 'committed-but-failed':
        this.#version += 1
        this.#overtaken = attempt.progress
        throw failedBehindCommit(this.stepExecution, attempt.error)
      default:
        return attempt satisfies never
    }
  }

  /** The answer to a COMMIT was lost; the version tells whether it was done. */
  async #findOut(progress: StepProgress, error: unknown): Promise<CommitAnswer> {
    await this.#connection.destroy()
    this.#inDoubt = progress
    const version = this.#version
    const found = await this.#reconnect('committing a chunk', error)
    if (found.version === version) {
      throw classified(error, this.#place.address, 'committing a chunk', 'nothing-committed')
    }
    this.#overtaken = undefined
    return { jobStatus: found.jobStatus }
  }

  /** Whether this end, in doubt, was written; then the new session stays registered, so it is not given back. */
  async #wasEnded(end: StepEnd, doing: string, cause?: unknown): Promise<boolean> {
    const found = await this.#reconnect(doing, cause)
    if (isLive(found.status)) return false
    if (found.status === end.status) return true
    throw this.#changedElsewhere(`${found.status} instead of STARTED`)
  }

  /** A file that the work did not find, or a server of its own that it did not reach, is no loss of ours. */
  #ofThisConnection(error: unknown): boolean {
    const code = errorCode(error)
    return this.#connection.isLost || code === undefined || /^[0-9A-Z]{5}$/.test(code)
  }

  async #reconnect(doing: string, cause?: unknown): Promise<FoundStep> {
    const found = await this.#tryReconnect(doing, cause)
    const inDoubt = this.#inDoubt
    this.#inDoubt = undefined
    if (found.version === this.#version) return found
    const sentEnd = inDoubt !== undefined && 'status' in inDoubt
    if (inDoubt === undefined || found.version !== this.#version + 1 || sentEnd === isLive(found.status)) {
      throw this.#changedElsewhere(`version ${found.version} instead of ${this.#version}`)
    }
    this.#version = found.version
    if (!sentEnd) this.#overtaken = inDoubt
    return found
  }

  async #tryReconnect(doing: string, cause: unknown): Promise<FoundStep> {
    const { address, claim } = this.#place
    try {
      return await reconnect(this.#connection, address.tables, this.#at)
    } catch (error) {
      if (isProofFailure(error)) throw await explainRefusal(this.#connection.run, address.tables, claim)
      const outcome = this.#inDoubt === undefined ? 'nothing-committed' : 'unknown'
      throw connectionLost(address, doing, outcome, cause ?? error)
    }
  }

  /** @throws BatchError LEASE_LOST, OPTIMISTIC_LOCK_FAILED */
  async #writeEnd(end: StepEnd): Promise<void> {
    // What was committed last wins over what the caller believes, or the next start would repeat that chunk.
    const known = this.#overtaken === undefined ? end : { ...end, ...this.#overtaken }
    const values = endValues(this.#at, known)
    await whileFenced(
      () => this.#connection.client.query({ ...this.#end, values: [...values] }),
      () => this.#explain(),
    )
  }

  #explain(): Promise<BatchError> {
    const { address, claim } = this.#place
    const step = { id: this.stepExecution.id, version: this.#version }
    return explainRefusal(this.#connection.run, address.tables, claim, step)
  }

  #changedElsewhere(difference: string): BatchError {
    return changedElsewhere(this.stepExecution, this.#at, difference)
  }
}
