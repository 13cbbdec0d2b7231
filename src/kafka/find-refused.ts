/** Which records brokers have refused: they refuse a batch as a whole, and do not say whose fault it is. */
import type { KafkaSendFailure } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'

/** What a driver has answered, before it is known whose fault it is. */
export interface DriverSendFailure extends KafkaSendFailure {
  /** It was refused with its batch, and may be as good as any. */
  readonly inBatch?: boolean
}

const BATCH_CODES: readonly number[] = [
  KAFKA_CODE.recordTooLarge,
  KAFKA_CODE.batchTooLarge,
  KAFKA_CODE.invalidTimestamp,
  KAFKA_CODE.refusedByPolicy,
  KAFKA_CODE.invalidRecordForTopic,
  KAFKA_CODE.refusedWithBatch,
]

export function isRefusedWithBatch(code: number): boolean {
  return BATCH_CODES.includes(code)
}

/**
 * Sends the halves again until those that are refused were refused alone: the others have been accepted meanwhile. Their order in
 * each half stays. `sendAgain` answers by the indexes that it is given.
 */
export async function findRefused(
  failures: readonly DriverSendFailure[],
  sendAgain: (indexes: readonly number[]) => Promise<readonly DriverSendFailure[]>,
): Promise<readonly KafkaSendFailure[]> {
  const known = failures.filter(({ inBatch }) => inBatch !== true)
  const suspects = failures.filter(({ inBatch }) => inBatch === true)
  if (suspects.length <= 1) return failures
  const middle = Math.ceil(suspects.length / 2)
  const found: KafkaSendFailure[] = [...known]
  for (const half of [suspects.slice(0, middle), suspects.slice(middle)]) {
    const refused = await sendAgain(half.map(({ index }) => index))
    found.push(...(await findRefused(refused, sendAgain)))
  }
  return found.toSorted((one, other) => one.index - other.index)
}
