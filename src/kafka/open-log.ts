/** A log as an opened reader: settles or resumes its window, then hands it over page by page. */
import type { OpenedReader, Page, ReadProgress, ReaderScope } from '../core/ports/item-reader.ts'
import { commitFollower, groupOffsets } from './group-offsets.ts'
import type { KafkaClient, KafkaConsumer, KafkaLogRecord } from './kafka-client.ts'
import { assertWindowOf, decodeWindow, encodeWindow, type LogWindow } from './kafka-checkpoint.ts'
import {
  type DecodedRecords,
  decodeRecords,
  type KafkaRecord,
  positionOf,
  type RecordFormats,
} from './kafka-record.ts'
import { type LogCursor, openCursor } from './log-cursor.ts'
import { encodeRawRecord } from './raw-record.ts'
import { assertSameTopics, isOpen, resumeWindow, settleWindow, type WindowPlan } from './read-window.ts'

export interface LogPlan<V, K> {
  readonly client: KafkaClient
  readonly window: WindowPlan
  /** Settled already, by the plan of a partitioned step. */
  readonly settled: LogWindow | undefined
  readonly formats: RecordFormats<V, K>
  readonly group: string | undefined
}

export async function openLog<V, K>(
  plan: LogPlan<V, K>,
  scope: ReaderScope,
): Promise<OpenedReader<KafkaRecord<V, K>>> {
  const { client, window, group } = plan
  const from = scope.from === undefined ? plan.settled : decodeWindow(scope.from, window.description)
  if (from !== undefined) assertWindowOf(from, window)
  const opened: KafkaConsumer[] = []
  const open = async (groupOfIt?: string): Promise<KafkaConsumer> => {
    const { isolation } = from ?? window
    const named = groupOfIt === undefined ? {} : { group: groupOfIt }
    const consumer = await client.openConsumer({ isolation, signal: scope.signal, ...named })
    opened.push(consumer)
    return consumer
  }
  const closeAll = async (): Promise<void> => {
    await Promise.all(opened.map((one) => one.close()))
  }
  try {
    const consumer = await open()
    const settled =
      from === undefined
        ? await settleWindow(consumer, window)
        : await resumeWindow(consumer, window, from, scope)
    // A consumer of its own, since the other one is busy polling.
    const cursor = openCursor(consumer, settled.windows)
    const follower =
      group === undefined
        ? undefined
        : commitFollower(groupOffsets(await open(group), scope.logger), settled, cursor, window.description)
    consumer.assign(
      settled.windows
        .filter(isOpen)
        .map(({ topic, partition, next }) => ({ topic, partition, offset: next })),
    )
    return {
      ...logReader(plan, settled, cursor, () => assertSameTopics(consumer, window, settled)),
      ...(scope.from === undefined && { startsAt: encodeWindow(settled) }),
      ...(follower !== undefined && { committed: follower.committed }),
      close: async () => {
        await follower?.end()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function logReader<V, K>(
  plan: LogPlan<V, K>,
  settled: LogWindow,
  cursor: LogCursor,
  assertSame: () => Promise<void>,
): Pick<OpenedReader<KafkaRecord<V, K>>, 'read' | 'progress'> {
  let isChecked = cursor.isTaken()
  return {
    read: async (limit) => {
      const waiting = await cursor.waiting(limit)
      // Before the last page, so that no checkpoint ever says that all was read of what was another log.
      if (cursor.isTaken() && !isChecked) await assertSame()
      isChecked ||= cursor.isTaken()
      if (waiting.length === 0) return cursor.isAtEnd() ? undefined : NOTHING_YET
      const records = waiting.length <= limit ? waiting : waiting.slice(0, limit)
      return pageOf(settled, cursor, records, await decodeRecords(records, plan.formats))
    },
    progress: () => progressOf(settled, cursor.positions()),
  }
}

const NOTHING_YET: Page<never> = {
  items: [],
  checkpointAfter: () => {
    throw new RangeError('a page without items has no checkpoint')
  },
  positionOf: () => {
    throw new RangeError('a page without items has no positions')
  },
}

function pageOf<V, K>(
  settled: LogWindow,
  cursor: LogCursor,
  records: readonly KafkaLogRecord[],
  { items, refused }: DecodedRecords<V, K>,
): Page<KafkaRecord<V, K>> {
  const used = refused === undefined ? records : records.slice(0, items.length + 1)
  const positionsAfter = cursor.handOver(used)
  const checkpointAfter = (index: number) => encodeWindow(standingAt(settled, positionsAfter(index)))
  const page = {
    items,
    checkpointAfter,
    positionOf: (index: number) => positionOf(used[index] as KafkaLogRecord),
  }
  const bad = used[items.length]
  if (refused === undefined || bad === undefined) return page
  return {
    ...page,
    fault: {
      error: refused,
      raw: encodeRawRecord(bad),
      position: positionOf(bad),
      checkpointAfter: checkpointAfter(items.length),
    },
  }
}

function standingAt(settled: LogWindow, positions: readonly bigint[]): LogWindow {
  const windows = settled.windows.map((window, index) => ({
    ...window,
    next: positions[index] ?? window.next,
  }))
  return { ...settled, windows }
}

/** In offsets, which compaction gaps and transaction markers take too; the difference is the lag behind the captured end. */
function progressOf({ windows }: LogWindow, positions: readonly bigint[]): ReadProgress {
  let [done, total] = [0n, 0n]
  windows.forEach(({ start, end }, index) => {
    done += (positions[index] ?? start) - start
    total += end - start
  })
  return { done: Number(done), total: Number(total), unit: 'offsets' }
}
