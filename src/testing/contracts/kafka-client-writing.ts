/** What a Kafka client promises to whom it writes for. */
import assert from 'node:assert/strict'
import { isBatchError } from '../../core/model/batch-error.ts'
import { partitionOfKey } from '../../kafka/murmur2.ts'
import { type KafkaTrial, outputTo, placesOf, readThrough } from './kafka-trial.ts'

export const WRITING_PROMISES: Readonly<Record<string, (trial: KafkaTrial) => Promise<void>>> = {
  'puts keys where Java puts them': putsKeysLikeJava,
  'answers which records have failed, and sends the others': answersFailures,
  'never makes a tombstone of an empty value': keepsEmptyValues,
  'sends nothing for no records': sendsNothing,
  'commits records and offsets together, with their metadata': commitsTogether,
  'leaves nothing of a transaction that is aborted': leavesNothing,
  'goes on behind a record that was refused before it was sent': goesOnBehindRefusal,
  'aborts the transaction that another producer of the id has left open': abortsLeftOpen,
  'fences the former producer of an id at its commit': fencesCommit,
  'fences the former producer of an id when it sends': fencesSend,
  'aborts an open transaction when it is closed': abortsOnClose,
  'has transactions only with an id, and sends with an id only in a transaction': keepsOrder,
}

async function putsKeysLikeJava({ subject, producer, consumer }: KafkaTrial): Promise<void> {
  const topic = await subject.createTopic(12)
  const keys = Array.from({ length: 300 }, (_, index) => 'k'.repeat(index % 9) + index * 7919)
  const sent = keys.map((key) => outputTo(topic, key, { key: Buffer.from(key) }))
  assert.deepEqual(await (await producer()).send(sent), [])
  const { records } = await readThrough(await consumer(), placesOf(topic, 12))
  assert.equal(records.length, keys.length)
  for (const { key, partition } of records) {
    assert.equal(partition, partitionOfKey(key ?? Buffer.alloc(0), 12), `key ${key?.toString()}`)
  }
}

async function answersFailures({ producer, consumer, topic, name }: KafkaTrial): Promise<void> {
  const log = await topic()
  const failures = await (
    await producer()
  ).send([
    outputTo(log, 'a'),
    outputTo(name('missing'), 'no'),
    outputTo(log, 'b', { partition: 0 }),
    outputTo(log, 'no', { partition: 1 }),
    outputTo(log, 'x'.repeat(3_000_000)),
    outputTo(log, 'c'),
  ])
  assert.deepEqual(
    failures.map(({ index }) => index),
    [1, 3, 4],
  )
  for (const { error } of failures) {
    const { code, retriable } = error as { code?: unknown; retriable?: unknown }
    assert.deepEqual([error.name, typeof code, retriable], ['KafkaError', 'number', false], error.message)
  }
  assert.deepEqual((await readThrough(await consumer(), placesOf(log, 1))).values, ['a', 'b', 'c'])
}

async function keepsEmptyValues({ producer, consumer, topic }: KafkaTrial): Promise<void> {
  const log = await topic()
  const failures = await (await producer()).send([outputTo(log, ''), outputTo(log, 'behind')])
  const { values } = await readThrough(await consumer(), placesOf(log, 1))
  assert.deepEqual(values, failures.length === 0 ? ['', 'behind'] : ['behind'])
}

async function sendsNothing({ producer }: KafkaTrial): Promise<void> {
  assert.deepEqual(await (await producer()).send([]), [])
}

async function commitsTogether({ transactional, consumer, subject, name }: KafkaTrial): Promise<void> {
  const log = await subject.createTopic(2)
  const id = name('transactional')
  const one = await transactional(id)
  const { transactions } = one
  assert.deepEqual(await transactions.committed(placesOf(log, 2)), [])
  for (const chunk of [1, 2]) {
    await transactions.begin()
    assert.deepEqual(await one.send([outputTo(log, `chunk ${chunk}`, { partition: 0 })]), [])
    await transactions.commit([
      { topic: log, partition: 1, offset: BigInt(chunk * 10), metadata: `{"chunk":${chunk},"text":"ä"}` },
    ])
  }
  const stored = [{ topic: log, partition: 1, offset: 20n, metadata: '{"chunk":2,"text":"ä"}' }]
  assert.deepEqual(await transactions.committed(placesOf(log, 2)), stored)
  const { values } = await readThrough(await consumer(), placesOf(log, 1))
  assert.deepEqual(values, ['chunk 1', 'chunk 2'])
  const next = await transactional(id)
  assert.deepEqual(await next.transactions.committed(placesOf(log, 2)), stored)
}

async function leavesNothing({ transactional, consumer, topic }: KafkaTrial): Promise<void> {
  const log = await topic()
  const one = await transactional()
  const { transactions } = one
  await transactions.begin()
  assert.deepEqual(await one.send([outputTo(log, 'no')]), [])
  await transactions.abort()
  await transactions.abort()
  assert.deepEqual(await transactions.committed(placesOf(log, 1)), [])
  await transactions.begin()
  assert.deepEqual(await one.send([outputTo(log, 'yes')]), [])
  await transactions.commit([])
  assert.deepEqual((await readThrough(await consumer(), placesOf(log, 1))).values, ['yes'])
}

async function goesOnBehindRefusal({ transactional, consumer, topic, name }: KafkaTrial): Promise<void> {
  const log = await topic()
  const one = await transactional()
  await one.transactions.begin()
  const failures = await one.send([
    outputTo(name('missing'), 'no'),
    outputTo(log, 'x'.repeat(3_000_000)),
    outputTo(log, 'a'),
  ])
  assert.deepEqual(
    failures.map(({ index }) => index),
    [0, 1],
  )
  await one.transactions.commit([])
  assert.deepEqual((await readThrough(await consumer(), placesOf(log, 1))).values, ['a'])
}

async function abortsLeftOpen({ transactional, consumer, topic, name }: KafkaTrial): Promise<void> {
  const log = await topic()
  const id = name('transactional')
  const former = await transactional(id)
  await former.transactions.begin()
  assert.deepEqual(await former.send([outputTo(log, 'no')]), [])
  const next = await transactional(id)
  await next.transactions.begin()
  assert.deepEqual(await next.send([outputTo(log, 'yes')]), [])
  await next.transactions.commit([{ topic: log, partition: 0, offset: 1n, metadata: '' }])
  const { values, reached } = await readThrough(await consumer(), placesOf(log, 1))
  assert.deepEqual({ values, reached }, { values: ['yes'], reached: [4n] })
}

async function fencesCommit({ transactional, consumer, topic, name }: KafkaTrial): Promise<void> {
  const log = await topic()
  const id = name('transactional')
  const former = await transactional(id)
  await former.transactions.begin()
  assert.deepEqual(await former.send([outputTo(log, 'no')]), [])
  const next = await transactional(id)
  const isFenced = (error: unknown): boolean => isBatchError(error, 'PRODUCER_FENCED')
  await assert.rejects(
    former.transactions.commit([{ topic: log, partition: 0, offset: 7n, metadata: '' }]),
    isFenced,
  )
  assert.deepEqual(await next.transactions.committed(placesOf(log, 1)), [])
  assert.deepEqual((await readThrough(await consumer(), placesOf(log, 1))).values, [])
}

async function fencesSend({ transactional, consumer, topic, name }: KafkaTrial): Promise<void> {
  const log = await topic()
  const id = name('transactional')
  const former = await transactional(id)
  await transactional(id)
  const isFenced = (error: unknown): boolean => isBatchError(error, 'PRODUCER_FENCED')
  await assert.rejects(async () => {
    await former.transactions.begin()
    await former.send([outputTo(log, 'no')])
    await former.transactions.commit([])
  }, isFenced)
  assert.deepEqual((await readThrough(await consumer(), placesOf(log, 1))).values, [])
}

async function abortsOnClose({ subject, transactional, consumer, topic }: KafkaTrial): Promise<void> {
  const log = await topic()
  const signal = new AbortController().signal
  const one = await subject.client.openProducer({
    compression: 'none',
    transactionalId: `closed-${log}`,
    transactionTimeoutMilliseconds: 30_000,
    deliveryTimeoutMilliseconds: 20_000,
    signal,
  })
  await one.transactions?.begin()
  assert.deepEqual(await one.send([outputTo(log, 'no')]), [])
  await one.close()
  const { values, reached } = await readThrough(await consumer(), placesOf(log, 1))
  assert.deepEqual({ values, reached }, { values: [], reached: [2n] })
  await transactional(`closed-${log}`)
}

async function keepsOrder({ producer, transactional, topic }: KafkaTrial): Promise<void> {
  const log = await topic()
  assert.equal((await producer()).transactions, undefined)
  const one = await transactional()
  const isKafkaError = (error: unknown): boolean => error instanceof Error && error.name === 'KafkaError'
  await assert.rejects(one.send([outputTo(log, 'no')]), isKafkaError)
  await assert.rejects(one.transactions.commit([]), isKafkaError)
  await one.transactions.begin()
  await assert.rejects(one.transactions.begin(), isKafkaError)
  await assert.rejects(one.transactions.committed(placesOf(log, 1)), isKafkaError)
  await one.transactions.abort()
}
