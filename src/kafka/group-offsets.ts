/** Offsets of a consumer group, committed behind the step's own commits, for whoever watches the group. */
import type { Checkpoint } from '../core/model/json-value.ts'
import type { Logger } from '../core/ports/logger.ts'
import { decodeWindow, type LogWindow, type PartitionWindow } from './kafka-checkpoint.ts'
import type { KafkaConsumer, KafkaPosition } from './kafka-client.ts'
import type { LogCursor } from './log-cursor.ts'

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

export interface CommitFollower {
  /** The step has committed this checkpoint of the reader. */
  readonly committed: (checkpoint: Checkpoint) => void
  /** Called when nothing more is committed; resolves as `GroupOffsets.settled`. */
  readonly end: () => Promise<void>
}

/**
 * Reports each commit. Where all that was handed over is committed in the end, it reports the ends: markers and aborted records
 * behind the last record are in no checkpoint, and would be the group's lag for ever.
 */
export function commitFollower(
  offsets: GroupOffsets,
  { windows }: LogWindow,
  cursor: Pick<LogCursor, 'isAtEnd' | 'handedOver' | 'positions'>,
  description: string,
): CommitFollower {
  let committed = offsetSum(windows.map(({ next }) => next))
  return {
    committed: (checkpoint) => {
      const at = decodeWindow(checkpoint, description)
      committed = offsetSum(at.windows.map(({ next }) => next))
      offsets.report(at.windows.map(positionOf))
    },
    end: async () => {
      const isBehind = committed < offsetSum(cursor.positions())
      // No partition is committed further than it was handed over, so equal sums are equal positions.
      if (isBehind && cursor.isAtEnd() && committed === offsetSum(cursor.handedOver()))
        offsets.report(windows.map((window) => positionOf({ ...window, next: window.end })))
      await offsets.settled()
    },
  }
}

function positionOf({ topic, partition, next }: PartitionWindow): KafkaPosition {
  return { topic, partition, offset: next }
}

function offsetSum(offsets: readonly bigint[]): bigint {
  return offsets.reduce((sum, offset) => sum + offset, 0n)
}
