/** A producer of the driver behind the port: it answers when every record was acknowledged or has failed. */
import { setTimeout } from 'node:timers/promises'
import { untilAborted } from '../core/model/until-aborted.ts'
import { closeDriver, type DriverTerms } from './connect-driver.ts'
import type { DriverError, DriverProducer, DriverReport } from './confluent-driver.ts'
import { type DeliveryReports, type Delivery, deliveryReports, sendingTo } from './delivery-reports.ts'
import { kafkaError } from './driver-call.ts'
import { type DriverSendFailure, findRefused } from './find-refused.ts'
import type {
  KafkaHeader,
  KafkaOutput,
  KafkaProducer,
  KafkaProducerOptions,
  KafkaSendFailure,
  KafkaTopic,
} from './kafka-client.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'
import { type KnownTopics, knownTopics } from './known-topics.ts'
import { refusalOf } from './record-refusal.ts'
import type { TopicCatalog } from './topic-catalog.ts'

export interface DriverProducerParts {
  readonly client: DriverProducer
  readonly catalog: TopicCatalog
  readonly terms: DriverTerms
  readonly options: KafkaProducerOptions
}

/** Reports come some time after the driver has given a record up. */
const REPORT_SLACK_MILLISECONDS = 30_000
const QUEUE_PAUSE_MILLISECONDS = 50

/** What a producer without transactions does, and one with them in each. */
export interface Sender extends Pick<KafkaProducer, 'close'> {
  readonly send: (records: readonly KafkaOutput[]) => Promise<readonly DriverSendFailure[]>
}

/** Sends anew what brokers have refused together, until it is known which records it is about. */
export async function sendFinding(
  send: Sender['send'],
  records: readonly KafkaOutput[],
  sendAgain: Sender['send'] = send,
): Promise<readonly KafkaSendFailure[]> {
  return findRefused(await send(records), async (indexes) => {
    const failures = await sendAgain(indexes.map((index) => records[index] as KafkaOutput))
    return failures.map((failure) => ({ ...failure, index: indexes[failure.index] ?? failure.index }))
  })
}

/** To be made behind `connect` only, since polling in the background before it ends the process. */
export function driverSender(parts: DriverProducerParts): Sender {
  const {
    client,
    catalog,
    options,
    terms: { description },
  } = parts
  const { signal, deliveryTimeoutMilliseconds } = options
  const reports = deliveryReports(description)
  const topics = knownTopics(catalog)
  client.on('delivery-report', (error: DriverError | null, report: DriverReport) =>
    reports.report(error, report),
  )
  client.setPollInBackground(true)
  return {
    send: async (records) => {
      signal.throwIfAborted()
      await topics.learn(records, { milliseconds: deliveryTimeoutMilliseconds, signal })
      const delivery = reports.begin(records.length)
      await produceAll({ client, reports, topics, delivery, signal, description }, records)
      const failures = await settledInTime(delivery, parts)
      if (failures.length > 0) topics.forget(records, failures)
      return failures
    },
    close: () => closeDriver(client, (one, answer) => one.disconnect(0, answer)),
  }
}

interface Sending {
  readonly client: DriverProducer
  readonly reports: DeliveryReports
  readonly topics: KnownTopics
  readonly delivery: Delivery
  readonly signal: AbortSignal
  readonly description: string
}

async function produceAll(sending: Sending, records: readonly KafkaOutput[]): Promise<void> {
  const { topics, delivery, reports, signal, description } = sending
  let topic: KafkaTopic | undefined
  let name: string | undefined
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as KafkaOutput
    if (record.topic !== name) {
      name = record.topic
      topic = topics.find(name)
    }
    const refusal = refusalOf(record, topic)
    if (refusal !== undefined) {
      delivery.refuse(index, refusal)
      continue
    }
    for (
      let error = produce(sending, record, index);
      error !== undefined;
      error = produce(sending, record, index)
    ) {
      if ((error as DriverError).code !== KAFKA_CODE.queueFull) {
        delivery.refuse(index, kafkaError(sendingTo(name, description), error))
        break
      }
      await untilAborted(Promise.race([reports.next(), setTimeout(QUEUE_PAUSE_MILLISECONDS)]), signal)
    }
  }
}

/** Answers what the driver throws. */
function produce({ client, delivery }: Sending, record: KafkaOutput, index: number): unknown {
  const { topic, partition, key, value, timestamp, headers } = record
  try {
    client.produce(
      topic,
      partition ?? null,
      value,
      // An empty buffer would become no key at all.
      key !== null && key.length === 0 ? '' : key,
      timestamp ?? null,
      delivery.ticketOf(index),
      headers.length === 0 ? undefined : headers.map(driverHeader),
    )
    return undefined
  } catch (error) {
    return error
  }
}

/** An empty buffer would become null. */
function driverHeader({ name, value }: KafkaHeader): Readonly<Record<string, Buffer | string>> {
  return { [name]: value.length === 0 ? '' : value }
}

async function settledInTime(
  delivery: Delivery,
  { options: { deliveryTimeoutMilliseconds, signal }, terms: { description } }: DriverProducerParts,
): Promise<readonly DriverSendFailure[]> {
  const late = new AbortController()
  const timeout = setTimeout(deliveryTimeoutMilliseconds + REPORT_SLACK_MILLISECONDS, 'late' as const, {
    signal: late.signal,
  })
  timeout.catch(() => {})
  try {
    const settled = await untilAborted(Promise.race([delivery.settled, timeout]), signal)
    if (settled !== 'late') return settled
  } finally {
    late.abort()
  }
  throw new KafkaError(
    `${description}: ${delivery.open()} records were neither acknowledged nor given up in time`,
    {
      code: KAFKA_CODE.recordTimedOut,
    },
  )
}
