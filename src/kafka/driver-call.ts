/** Calls of the driver as promises that an abort ends, and its errors as ours. */
import { setTimeout } from 'node:timers/promises'
import { isTransientKafkaCode } from '../core/model/transient-error.ts'
import { untilAborted } from '../core/model/until-aborted.ts'
import type { Answer, DriverError } from './confluent-driver.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'

const PAUSE_MILLISECONDS = 250

/** What the driver calls back with. @throws KafkaError, whose message begins with `doing` */
export function called<T>(doing: string, call: (answer: Answer<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    try {
      call((error, result) => (error ? reject(kafkaError(doing, error)) : resolve(result)))
    } catch (error) {
      reject(kafkaError(doing, error))
    }
  })
}

/** How long what passes by itself is waited for. */
export interface Patience {
  readonly milliseconds: number
  readonly signal: AbortSignal
}

/** A call that changes nothing when it is made twice: again while it fails with what passes by itself, for so long. */
export async function retried<T>(
  doing: string,
  call: (answer: Answer<T>) => void,
  { milliseconds, signal }: Patience,
): Promise<T> {
  const end = performance.now() + milliseconds
  for (;;) {
    try {
      return await untilAborted(called(doing, call), signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof KafkaError) || !error.retriable) throw error
      if (performance.now() >= end) throw error
      await untilAborted(setTimeout(PAUSE_MILLISECONDS), signal)
    }
  }
}

/** Waits for something that may never come: for so long, then goes on without it. */
export async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  try {
    await Promise.race([work, setTimeout(milliseconds, undefined, { signal: late.signal })])
  } finally {
    late.abort()
  }
}

export function kafkaError(doing: string, error: unknown): KafkaError {
  if (error instanceof KafkaError) return error
  const { code, isRetriable, message } = error as Partial<DriverError>
  const known = typeof code === 'number' ? code : KAFKA_CODE.state
  return new KafkaError(`${doing}: ${message ?? String(error)} (${known})`, {
    code: known,
    retriable: isRetriable === true || isTransientKafkaCode(known),
    cause: error,
  })
}
