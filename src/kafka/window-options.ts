/** What of a log is to be read, as an author says it. */
import { BatchError } from '../core/model/batch-error.ts'
import { ISOLATION_LEVELS, type IsolationLevel } from './kafka-client.ts'
import type { KafkaEdge, WindowPlan } from './read-window.ts'

export interface WindowOptions {
  readonly topic: string | readonly string[]
  /** Of one topic. @default all that it has when the step begins */
  readonly partitions?: readonly number[]
  /**
   * `'latest'`: nothing but what arrives between the opening and itself, so nothing; for a first run that is to begin a series.
   * @default 'earliest'
   */
  readonly startAt?: KafkaEdge
  /** The first record that is not read any more. It is never behind the log's end when the step begins. @default 'latest' */
  readonly endAt?: Exclude<KafkaEdge, 'earliest'>
  /** @default 'read_committed' */
  readonly isolation?: IsolationLevel
}

/** @throws BatchError INVALID_READER_OPTIONS */
export function planWindow(options: WindowOptions): WindowPlan {
  const { partitions, startAt = 'earliest', endAt = 'latest', isolation = 'read_committed' } = options
  const topics = typeof options.topic === 'string' ? [options.topic] : options.topic
  const twice = topics.find((topic, index) => topics.indexOf(topic) !== index)
  if (topics.length === 0 || topics.includes('')) throw invalid('topic is empty: name at least one')
  if (twice !== undefined) throw invalid(`topic ${twice} is named twice`)
  if (partitions !== undefined && topics.length > 1)
    throw invalid(
      `partitions ${partitions.join(', ')} are given with several topics: give each topic a reader of its own`,
    )
  if (partitions?.length === 0)
    throw invalid('partitions is empty: name at least one, or leave it out for all')
  const bad = partitions?.find((one, index) => !isPartition(one) || partitions.indexOf(one) !== index)
  if (bad !== undefined) throw invalid(`partitions holds ${bad}, which is no partition or stands there twice`)
  if (!ISOLATION_LEVELS.includes(isolation))
    throw invalid(`isolation is ${isolation}; it can be ${ISOLATION_LEVELS.join(' or ')}`)
  for (const [name, edge] of Object.entries({ startAt, endAt })) checkEdge(name, edge)
  return { description: describe(topics, partitions), topics, partitions, isolation, startAt, endAt }
}

function describe(topics: readonly string[], partitions: readonly number[] | undefined): string {
  const which = partitions === undefined ? '' : `, partition ${partitions.join(', ')}`
  return `kafka topic ${topics.join(', ')}${which}`
}

function checkEdge(name: string, edge: KafkaEdge): void {
  if (typeof edge === 'string') {
    if (edge === 'latest' || (edge === 'earliest' && name === 'startAt')) return
    throw invalid(
      `${name} is ${edge}; it can be 'latest', { timestamp } or { offsets }${name === 'startAt' ? ", or 'earliest'" : ''}`,
    )
  }
  if ('timestamp' in edge && Number.isNaN(edge.timestamp.getTime())) throw invalid(`${name} is no valid date`)
  const offsets = 'offsets' in edge ? Object.values(edge.offsets).flatMap((one) => Object.values(one)) : []
  const bad = offsets.find((one) => typeof one !== 'bigint' || one < 0n)
  if (bad !== undefined)
    throw invalid(`${name} holds the offset ${String(bad)}; it must be a bigint from 0n on`)
}

function isPartition(one: number): boolean {
  return Number.isSafeInteger(one) && one >= 0
}

function invalid(problem: string): BatchError {
  return new BatchError('INVALID_READER_OPTIONS', `kafkaReader: ${problem}`)
}
