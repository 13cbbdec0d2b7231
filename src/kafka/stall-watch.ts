/** Sees to it that reading never hangs: the driver may drop an error, and a partition is silent for ever then. */
import { BatchError } from '../core/model/batch-error.ts'
import type { KafkaBounds, KafkaPosition, TopicPartition } from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { offsetGone } from './kafka-refusals.ts'
import type { ReadPositions, ReadPosition } from './read-positions.ts'

export interface StallWatchOptions {
  readonly description: string
  readonly positions: ReadPositions
  /** Asked once, without patience. */
  readonly bounds: (place: TopicPartition) => Promise<KafkaBounds>
  /** Even past the last stable offset. */
  readonly patienceMilliseconds: number
  /** @default 10000 */
  readonly firstCheckMilliseconds?: number
  /** @default 5000 */
  readonly checkEveryMilliseconds?: number
  /** So long may nothing come from a broker that answers. @default 30000 */
  readonly stallMilliseconds?: number
}

export interface StallWatch {
  /**
   * Nothing has arrived for another while. Answers the partitions that turn out to be read to their end.
   * @throws BatchError INPUT_CHANGED, SERVER_UNAVAILABLE; a KafkaError that names partition and offset
   */
  readonly quiet: (milliseconds: number) => Promise<readonly KafkaPosition[]>
  readonly progressed: () => void
  /** Which offset is not there any more, of a partition that is not read to its end. @throws BatchError INPUT_CHANGED */
  readonly findGone: () => Promise<void>
}

export function stallWatch(options: StallWatchOptions): StallWatch {
  const { description, positions, patienceMilliseconds } = options
  const {
    firstCheckMilliseconds = 10_000,
    checkEveryMilliseconds = 5000,
    stallMilliseconds = 30_000,
  } = options
  let quietFor = 0
  let nextCheck = firstCheckMilliseconds
  /** Since when the brokers answer, and yet nothing comes. */
  let answeredSince: number | undefined
  const progressed = (): void => {
    quietFor = 0
    nextCheck = firstCheckMilliseconds
    answeredSince = undefined
  }
  return {
    progressed,
    findGone: async () => {
      for (const position of positions.unfinished())
        assertThere(position, await currentBounds(options, position), description)
    },
    quiet: async (milliseconds) => {
      const unfinished = positions.unfinished()
      if (unfinished.length === 0) progressed()
      quietFor += milliseconds
      if (unfinished.length === 0 || quietFor < nextCheck) return []
      nextCheck = quietFor + checkEveryMilliseconds
      const found = await check(options, unfinished)
      if (found === 'no answer') {
        answeredSince = undefined
        if (quietFor >= patienceMilliseconds) throw silent(description, quietFor)
        return []
      }
      if (found.ends.length > 0) progressed()
      answeredSince ??= quietFor
      const [waiting] = found.waiting
      if (waiting !== undefined && quietFor - answeredSince >= stallMilliseconds)
        throw stalled(description, waiting)
      return found.ends
    },
  }
}

interface Waiting {
  readonly position: ReadPosition
  readonly bounds: KafkaBounds
}

interface Found {
  readonly ends: readonly KafkaPosition[]
  readonly waiting: readonly Waiting[]
}

async function check(
  options: StallWatchOptions,
  unfinished: readonly ReadPosition[],
): Promise<Found | 'no answer'> {
  const ends: KafkaPosition[] = []
  const waiting: Waiting[] = []
  for (const position of unfinished) {
    let bounds: KafkaBounds | undefined
    try {
      bounds = await currentBounds(options, position)
    } catch (error) {
      if (error instanceof KafkaError && error.retriable) return 'no answer'
      throw error
    }
    const { low, end } = assertThere(position, bounds, options.description)
    if (BigInt(position.next) === end) ends.push({ ...position.place, offset: end })
    else waiting.push({ position, bounds: { low, end } })
  }
  return { ends, waiting }
}

/** Undefined where the partition is not there any more. */
async function currentBounds(
  { bounds }: StallWatchOptions,
  { place }: ReadPosition,
): Promise<KafkaBounds | undefined> {
  try {
    return await bounds(place)
  } catch (error) {
    if (error instanceof BatchError && error.code === 'INVALID_READER_OPTIONS') return undefined
    throw error
  }
}

function assertThere(
  { place, next }: ReadPosition,
  bounds: KafkaBounds | undefined,
  description: string,
): KafkaBounds {
  const offset = BigInt(next)
  if (bounds !== undefined && offset >= bounds.low && offset <= bounds.end) return bounds
  throw offsetGone({ ...place, offset }, bounds, description)
}

function silent(description: string, milliseconds: number): BatchError {
  return new BatchError(
    'SERVER_UNAVAILABLE',
    `${description}: no broker has answered for ${Math.round(milliseconds / 1000)} s. Start them; then start the job again.`,
  )
}

function stalled(description: string, { position, bounds }: Waiting): KafkaError {
  const { place, next } = position
  return new KafkaError(
    `${description}: nothing arrives of topic ${place.topic}, partition ${place.partition} from offset ${next} on, ` +
      `although the brokers have it up to ${bounds.end}. Start the job again: it goes on there.`,
    { code: KAFKA_CODE.timedOut, retriable: true },
  )
}
