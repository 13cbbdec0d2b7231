/** What a Kafka client promises to whom it reads for. */
import assert from 'node:assert/strict'
import { isBatchError } from '../../core/model/batch-error.ts'
import { type KafkaTrial, outputTo, placesOf, readThrough } from './kafka-trial.ts'
import { withinSeconds } from './scope.ts'

export const READING_PROMISES: Readonly<Record<string, (trial: KafkaTrial) => Promise<void>>> = {
  'describes the partitions of a topic in ascending order': describesPartitions,
  'gives a topic another id when it was created anew': givesAnotherId,
  'refuses a topic and a partition that do not exist, and creates neither': refusesUnknown,
  'hands a record over as it was sent': handsOverAsSent,
  'hands each record over once and in order, whatever the limit': handsOverOnce,
  'begins at the offset that it is assigned': beginsAtOffset,
  'tells the end only behind the records before it, and again when there is another one': tellsTheEnd,
  'answers nothing where nothing is to come, without an end': answersNothing,
  'never hands over what was aborted, and passes over the markers': passesOverAborted,
  'ends before a transaction that is open, and goes on when that is committed': waitsForOpen,
  'sees everything under read_uncommitted': seesUncommitted,
  'finds offsets by their time': findsByTime,
  'hands over nothing more of a partition that is paused': pauses,
  'replaces what was assigned': replacesAssigned,
  'throws INPUT_CHANGED where the next offset is not there any more': noticesGone,
  'commits offsets of the group, and none without a group': commitsOffsets,
  'ends a poll that waits when the signal is aborted': endsPollOnAbort,
  'can be closed while a poll is under way': closesDuringPoll,
  'opens nothing when the signal is aborted already': opensNothingAborted,
}

async function describesPartitions({ subject, consumer }: KafkaTrial): Promise<void> {
  const topic = await subject.createTopic(12)
  const { partitions } = await (await consumer()).describeTopic(topic)
  assert.deepEqual(
    partitions,
    Array.from({ length: 12 }, (_, partition) => partition),
  )
}

async function givesAnotherId({ subject, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  const { id } = await (await consumer()).describeTopic(name)
  if (id === undefined) return
  assert.equal((await (await consumer()).describeTopic(name)).id, id)
  await subject.deleteTopic(name)
  await subject.createAgain(name, 1)
  assert.notEqual((await (await consumer()).describeTopic(name)).id, id)
}

async function refusesUnknown({ consumer, topic, name }: KafkaTrial): Promise<void> {
  const one = await consumer()
  const missing = name('missing')
  const known = await topic()
  const isRefusal = (error: unknown): boolean => isBatchError(error, 'INVALID_READER_OPTIONS')
  await assert.rejects(one.describeTopic(missing), isRefusal)
  await assert.rejects(one.bounds({ topic: missing, partition: 0 }), isRefusal)
  await assert.rejects(one.bounds({ topic: known, partition: 1 }), isRefusal)
  await assert.rejects(one.describeTopic(missing), isRefusal, 'asking has created the topic')
}

async function handsOverAsSent({ producer, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  const headers = [
    { name: 'b', value: Buffer.from('1') },
    { name: 'a', value: Buffer.from([0, 255]) },
    { name: 'b', value: Buffer.alloc(0) },
  ]
  const outputs = [
    outputTo(name, 'first', { key: Buffer.from('key'), timestamp: 1_700_000_000_123, headers }),
    outputTo(name, 'second', { key: Buffer.alloc(0) }),
    { topic: name, key: Buffer.from([0, 128]), value: null, headers: [] },
  ]
  assert.deepEqual(await (await producer()).send(outputs), [])
  const { records } = await readThrough(await consumer(), placesOf(name, 1))
  assert.deepEqual(
    records.map(({ key, value, headers: had, offset, topic: of, partition }) => ({
      key,
      value,
      headers: had,
      offset,
      of,
      partition,
    })),
    outputs.map(({ key, value, headers: had }, index) => ({
      key,
      value,
      headers: had,
      offset: BigInt(index),
      of: name,
      partition: 0,
    })),
  )
  assert.equal(records[0]?.timestamp, 1_700_000_000_123)
  assert.ok((records[1]?.timestamp ?? 0) > 1_700_000_000_123, 'the time of sending is missing')
}

async function handsOverOnce({ subject, producer, consumer }: KafkaTrial): Promise<void> {
  const name = await subject.createTopic(3)
  const values = Array.from({ length: 60 }, (_, index) => `value ${index}`)
  const sent = values.map((value, index) => outputTo(name, value, { partition: index % 3 }))
  assert.deepEqual(await (await producer()).send(sent), [])
  for (const limit of [1, 7, 1000]) {
    const { records, reached } = await readThrough(await consumer(), placesOf(name, 3), { limit })
    const partitions = [0, 1, 2].map((partition) =>
      records.filter((record) => record.partition === partition).map(({ value }) => value?.toString()),
    )
    const expected = [0, 1, 2].map((partition) => values.filter((_, index) => index % 3 === partition))
    assert.deepEqual(partitions, expected, `with a limit of ${limit}`)
    assert.deepEqual(reached, [20n, 20n, 20n])
  }
}

async function beginsAtOffset({ sent, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await sent(name, ['a', 'b', 'c'])
  const one = await consumer()
  assert.deepEqual((await readThrough(one, placesOf(name, 1), { from: 2n })).values, ['c'])
  const { values, reached } = await readThrough(one, placesOf(name, 1), { from: 3n })
  assert.deepEqual({ values, reached }, { values: [], reached: [3n] })
}

async function tellsTheEnd({ sent, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await sent(name, ['a', 'b'])
  const one = await consumer()
  assert.deepEqual((await readThrough(one, placesOf(name, 1))).reached, [2n])
  await sent(name, ['c'])
  const seen: string[] = []
  const ends: bigint[] = []
  for (let turn = 0; turn < 300 && !ends.includes(3n); turn++) {
    const { records, reached } = await one.poll(10)
    seen.push(...records.map(({ value }) => String(value)))
    ends.push(...reached.map(({ offset }) => offset))
  }
  assert.deepEqual({ seen, ends }, { seen: ['c'], ends: [3n] })
}

async function answersNothing({ sent, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await sent(name, ['a'])
  const one = await consumer()
  await readThrough(one, placesOf(name, 1))
  for (let turn = 0; turn < 3; turn++) assert.deepEqual(await one.poll(10), { records: [], reached: [] })
}

async function passesOverAborted({ transacted, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await transacted(name, ['a', 'b'], 'commit')
  await transacted(name, ['no', 'no', 'no'], 'abort')
  await transacted(name, ['c'], 'commit')
  await transacted(name, ['no'], 'abort')
  const { records, values, reached } = await readThrough(await consumer(), placesOf(name, 1))
  assert.deepEqual(values, ['a', 'b', 'c'])
  // Each transaction has a marker behind its records.
  assert.deepEqual(
    records.map(({ offset }) => offset),
    [0n, 1n, 7n],
  )
  assert.deepEqual(reached, [11n])
  const tail = await readThrough(await consumer(), placesOf(name, 1), { from: 8n, limit: 1 })
  assert.deepEqual({ values: tail.values, reached: tail.reached }, { values: [], reached: [11n] })
}

async function waitsForOpen({ transactional, sent, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await sent(name, ['before'])
  const foreign = await transactional()
  await foreign.transactions.begin()
  assert.deepEqual(await foreign.send([outputTo(name, 'open')]), [])
  await sent(name, ['behind'])
  const one = await consumer()
  const held = await readThrough(one, placesOf(name, 1))
  assert.deepEqual({ values: held.values, reached: held.reached }, { values: ['before'], reached: [1n] })
  await foreign.transactions.commit([])
  const all = await readThrough(await consumer(), placesOf(name, 1))
  assert.deepEqual(
    { values: all.values, reached: all.reached },
    { values: ['before', 'open', 'behind'], reached: [4n] },
  )
}

async function seesUncommitted({ transactional, transacted, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await transacted(name, ['aborted'], 'abort')
  const foreign = await transactional()
  await foreign.transactions.begin()
  assert.deepEqual(await foreign.send([outputTo(name, 'open')]), [])
  const one = await consumer({ isolation: 'read_uncommitted' })
  assert.deepEqual(await one.bounds({ topic: name, partition: 0 }), { low: 0n, end: 3n })
  assert.deepEqual((await readThrough(one, placesOf(name, 1))).values, ['aborted', 'open'])
  assert.deepEqual(await (await consumer()).bounds({ topic: name, partition: 0 }), { low: 0n, end: 2n })
}

async function findsByTime({ producer, consumer, subject }: KafkaTrial): Promise<void> {
  const name = await subject.createTopic(2)
  const at = (timestamp: number) => outputTo(name, 'x', { partition: 0, timestamp })
  assert.deepEqual(await (await producer()).send([at(1000), at(2000), at(3000)]), [])
  const one = await consumer()
  const found = async (time: number) => one.offsetsAt(placesOf(name, 2), new Date(time))
  assert.deepEqual(await found(0), [0n, undefined])
  assert.deepEqual(await found(2000), [1n, undefined])
  assert.deepEqual(await found(2001), [2n, undefined])
  assert.deepEqual(await found(3001), [undefined, undefined])
}

async function pauses({ subject, producer, consumer }: KafkaTrial): Promise<void> {
  const name = await subject.createTopic(2)
  const sender = await producer()
  const one = await consumer()
  const both = ['a', 'b'].map((value, partition) => outputTo(name, value, { partition }))
  assert.deepEqual(await sender.send(both), [])
  await readThrough(one, placesOf(name, 2))
  one.pause({ topic: name, partition: 0 })
  assert.deepEqual(await sender.send(both), [])
  const seen: number[] = []
  for (let turn = 0; turn < 300 && !seen.includes(1); turn++) {
    const { records, reached } = await one.poll(10)
    seen.push(...records.map(({ partition }) => partition))
    assert.ok(reached.every(({ partition }) => partition === 1))
  }
  seen.push(...(await one.poll(10)).records.map(({ partition }) => partition))
  assert.deepEqual(seen, [1])
}

async function replacesAssigned({ sent, consumer, topic }: KafkaTrial): Promise<void> {
  const [first, second] = [await topic(), await topic()]
  await sent(first, ['a', 'b'])
  await sent(second, ['c'])
  const one = await consumer()
  one.assign([{ topic: first, partition: 0, offset: 0n }])
  await one.poll(1)
  assert.deepEqual((await readThrough(one, placesOf(second, 1))).values, ['c'])
}

async function noticesGone({ subject, sent, consumer, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await sent(name, ['a', 'b', 'c', 'd'])
  await subject.deleteBefore({ topic: name, partition: 0, offset: 2n })
  const one = await consumer()
  assert.deepEqual(await one.bounds({ topic: name, partition: 0 }), { low: 2n, end: 4n })
  for (const offset of [1n, 5n]) {
    one.assign([{ topic: name, partition: 0, offset }])
    await assert.rejects(
      async () => {
        for (let turn = 0; turn < 300; turn++) assert.deepEqual((await one.poll(10)).records, [])
      },
      (error) => isBatchError(error, 'INPUT_CHANGED'),
      `reading from ${offset} of 2 to 4`,
    )
  }
  assert.deepEqual((await readThrough(one, placesOf(name, 1))).values, ['c', 'd'])
}

async function commitsOffsets({ consumer, transactional, sent, topic, name }: KafkaTrial): Promise<void> {
  const log = await topic()
  await sent(log, ['a', 'b'])
  const group = name('group')
  await (await consumer({ group })).commit([{ topic: log, partition: 0, offset: 2n }])
  const { transactions } = await transactional(group)
  assert.deepEqual(await transactions.committed(placesOf(log, 1)), [
    { topic: log, partition: 0, offset: 2n, metadata: '' },
  ])
  await assert.rejects((await consumer()).commit([{ topic: log, partition: 0, offset: 1n }]), (error) =>
    isBatchError(error, 'INVALID_READER_OPTIONS'),
  )
}

async function endsPollOnAbort({ consumer, topic }: KafkaTrial): Promise<void> {
  const stop = new AbortController()
  const one = await consumer({ signal: stop.signal })
  await readThrough(one, placesOf(await topic(), 1))
  const poll = one.poll(10)
  const reason = new Error('the step is to end')
  stop.abort(reason)
  await withinSeconds(5, 'the poll', assert.rejects(poll, reason))
}

async function closesDuringPoll({ consumer, sent, topic }: KafkaTrial): Promise<void> {
  const name = await topic()
  await sent(name, ['a'])
  const one = await consumer()
  one.assign([{ topic: name, partition: 0, offset: 0n }])
  const poll = one.poll(10)
  await withinSeconds(10, 'close', one.close())
  await withinSeconds(5, 'the poll', poll)
}

async function opensNothingAborted({ subject: { client } }: KafkaTrial): Promise<void> {
  const reason = new Error('the step is to end')
  const signal = AbortSignal.abort(reason)
  await assert.rejects(client.openConsumer({ isolation: 'read_committed', signal }), reason)
}
