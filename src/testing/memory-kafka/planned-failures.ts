/** What a test lets fail, and how often. */
import type { KafkaOutput } from '../../kafka/kafka-client.ts'

/** The port's calls that can be made to fail. */
export const KAFKA_CALLS = [
  'openConsumer',
  'openProducer',
  'describeTopic',
  'bounds',
  'offsetsAt',
  'poll',
  'commitOffsets',
  'send',
  'beginTransaction',
  'commitTransaction',
  'abortTransaction',
  'committed',
] as const
export type KafkaCall = (typeof KAFKA_CALLS)[number]

export interface SendFailurePlan {
  readonly error: Error
  /** @default every record */
  readonly which?: (record: KafkaOutput) => boolean
  /** So many records, then never again. @default always */
  readonly times?: number
}

export interface PlannedFailures {
  readonly failNext: (call: KafkaCall, error: Error) => void
  /** Throws what is planned for this call, once. */
  readonly meet: (call: KafkaCall) => void
  readonly failSends: (plan: SendFailurePlan) => void
  /** The error that is planned for this record. */
  readonly sending: (record: KafkaOutput) => Error | undefined
  /** What becomes of the next commit, whose answer does not arrive. */
  readonly loseCommitAnswer: (outcome: 'committed' | 'aborted') => void
  readonly lostAnswer: () => 'committed' | 'aborted' | undefined
}

export function plannedFailures(): PlannedFailures {
  const calls: { readonly call: KafkaCall; readonly error: Error }[] = []
  const sends: { readonly plan: SendFailurePlan; left: number }[] = []
  const lost: ('committed' | 'aborted')[] = []
  return {
    failNext: (call, error) => void calls.push({ call, error }),
    meet: (call) => {
      const due = calls.find((planned) => planned.call === call)
      if (due === undefined) return
      calls.splice(calls.indexOf(due), 1)
      throw due.error
    },
    failSends: (plan) => void sends.push({ plan, left: plan.times ?? Infinity }),
    sending: (record) => {
      const due = sends.find(({ plan, left }) => left > 0 && (plan.which?.(record) ?? true))
      if (due === undefined) return undefined
      due.left -= 1
      return due.plan.error
    },
    loseCommitAnswer: (outcome) => void lost.push(outcome),
    lostAnswer: () => lost.shift(),
  }
}
