/** Offsets of a consumer group, committed behind the step's own commits, for whoever watches the group. */
import type { Logger } from '../core/ports/logger.ts'
import type { KafkaConsumer, KafkaPosition } from './kafka-client.ts'

export interface GroupOffsets {
  /** Begins to commit them, or remembers them until the commit under way is over. */
  readonly report: (positions: readonly KafkaPosition[]) => void
  /** What was reported last is committed, or given up. */
  readonly settled: () => Promise<void>
}

/** Nothing depends on them: a commit that fails is logged, and the next one says the same and more. */
export function groupOffsets(consumer: Pick<KafkaConsumer, 'commit'>, logger: Logger): GroupOffsets {
  let latest: readonly KafkaPosition[] | undefined
  let running: Promise<void> | undefined
  const commitLatest = async (): Promise<void> => {
    while (latest !== undefined) {
      const positions = latest
      latest = undefined
      try {
        await consumer.commit(positions)
      } catch (error) {
        logger.warn(
          { err: error },
          'the offsets of the consumer group could not be committed; the step does not need them',
        )
      }
    }
    running = undefined
  }
  return {
    report: (positions) => {
      latest = positions
      running ??= commitLatest()
    },
    settled: async () => running,
  }
}
