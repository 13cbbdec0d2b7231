/** Whether work may be sent here: each check is under way once, however many want to know. */
import type { Logger } from '../core/ports/logger.ts'
import type { ReadinessCheck } from './http-api-options.ts'

export type CheckResults = Readonly<Record<string, 'ok' | 'failed'>>

/** Never rejects. A check that takes longer than whoever asks will wait has failed; it goes on, and is not begun again meanwhile. */
export type LookWhetherReady = () => Promise<CheckResults>

/** Probes give up after a few seconds, and take no answer for a no; a machine that is busy only needs some. */
const PATIENCE_MILLISECONDS = 5_000

export function createReadiness(checks: readonly ReadinessCheck[], logger: Logger): LookWhetherReady {
  const asking = checks.map((check) => askOnce(check, logger))
  return async () => Object.fromEntries(await Promise.all(asking.map((ask) => ask())))
}

type Result = readonly [name: string, result: 'ok' | 'failed']

function askOnce({ name, check }: ReadinessCheck, logger: Logger): () => Promise<Result> {
  let underWay: Promise<Result> | undefined
  // Probes come each few seconds, for as long as it lasts.
  let isFailing = false
  const failed = (error: unknown): Result => {
    if (!isFailing) logger.warn({ err: error, check: name }, 'not ready')
    isFailing = true
    return [name, 'failed']
  }
  const run = async (): Promise<Result> => {
    try {
      await check()
      if (isFailing) logger.info({ check: name }, 'ready again')
      isFailing = false
      return [name, 'ok']
    } catch (error) {
      return failed(error)
    }
  }
  return () => {
    underWay ??= run().finally(() => (underWay = undefined))
    return inTime(underWay, () => failed(new Error(`no answer within ${PATIENCE_MILLISECONDS / 1000} s`)))
  }
}

function inTime<R>(work: Promise<R>, late: () => R): Promise<R> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(late()), PATIENCE_MILLISECONDS)
    void work.then((result) => {
      clearTimeout(timer)
      resolve(result)
    })
  })
}
