import { expect } from 'chai'
import { z } from 'zod'
import { json } from '../../src/kafka/formats.ts'
import type { KafkaClient } from '../../src/kafka/kafka-client.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { TOPIC, logOf, readerOf, opened, readFrom, readAll, values, rejected } from './kafka-reading.ts'

describe('kafkaReader', () => {
  it('refuses to go on where records have gone meanwhile, naming them, unless that is accepted', async () => {
    const log = logOf(10)
    const first = await opened(readerOf(log))
    const { last } = await readFrom(first, 4)
    await first.close()
    log.deleteBefore({ topic: TOPIC, partition: 0, offset: 6n })
    const refused = await rejected(readAll(readerOf(log), last))
    expect(refused.code).to.equal('INPUT_CHANGED')
    expect(refused.message).to.contain('topic trades, partition 0, the records from 4 to 5 are gone')
    expect(values(await readAll(readerOf(log), last, true))).to.deep.equal([6, 7, 8, 9])
  })

  it('fails where records go while it reads', async () => {
    const log = logOf(30, 1, 3)
    const live = await opened(readerOf(log))
    await readFrom(live, 3)
    log.deleteBefore({ topic: TOPIC, partition: 0, offset: 20n })
    expect((await rejected(readFrom(live))).code).to.equal('INPUT_CHANGED')
    await live.close()
  })

  it('refuses another topic of the same name, and one that is shorter than it was', async () => {
    const log = logOf(10)
    const { startsAt, close } = await opened(readerOf(log))
    await close()
    log.deleteTopic(TOPIC)
    log.createTopic(TOPIC)
    log.produce(TOPIC, [{ value: '1' }])
    const refused = await rejected(readAll(readerOf(log), startsAt))
    expect(refused.code).to.equal('INPUT_CHANGED')
    expect(refused.message).to.contain('deleted and created anew')
    expect(values(await readAll(readerOf(log), startsAt, true))).to.deep.equal([1])
  })

  it('hands over no last page of a topic that was created anew while it was read, and so leaves no checkpoint at its end', async () => {
    const log = logOf(20, 1, 4)
    let isAnew = false
    const renamed: KafkaClient = {
      ...log,
      openConsumer: async (options) => {
        const consumer = await log.openConsumer(options)
        const describeTopic = async (topic: string) => {
          const found = await consumer.describeTopic(topic)
          return isAnew ? { ...found, id: 'another' } : found
        }
        return { ...consumer, describeTopic }
      },
    }
    const reader = kafkaReader({ client: renamed, topic: TOPIC, value: json(z.number()) })
    const live = await opened(reader)
    const { last } = await readFrom(live, 8)
    isAnew = true
    const refused = await rejected(readFrom(live))
    await live.close()
    expect(refused.code).to.equal('INPUT_CHANGED')
    expect(refused.message).to.contain(`topic ${TOPIC} was deleted and created anew`)
    expect((await rejected(opened(reader, last))).code).to.equal('INPUT_CHANGED')
  })

  it('refuses to go on where it has begun with other topics or partitions', async () => {
    const log = logOf(10, 2)
    log.createTopic('other')
    const { startsAt, close } = await opened(readerOf(log))
    await close()
    for (const options of [{ topic: 'other' }, { topic: [TOPIC, 'other'] }, { partitions: [1] }]) {
      const refused = await rejected(opened(readerOf(log, options), startsAt))
      expect(refused.code).to.equal('CHECKPOINT_REFUSED')
      expect(refused.message).to.contain(`begun with other topics or partitions (${TOPIC}/0, ${TOPIC}/1)`)
    }
    expect(await readAll(readerOf(log, { partitions: [1, 0] }), startsAt)).to.have.lengthOf(10)
  })

  it('refuses unknown topics, partitions and offsets when it is opened, and contradictions at once', async () => {
    const log = logOf(10)
    for (const [options, message] of [
      [{ topic: 'traeds' }, /no topic traeds/],
      [{ partitions: [0, 3] }, /no partition 3; it has 0/],
      [{ startAt: { offsets: { [TOPIC]: { 0: 11n } } } }, /offset 11 .* from 0 to before 10/],
    ] as const) {
      const refused = await rejected(opened(readerOf(log, options)))
      expect(refused.code).to.equal('INVALID_READER_OPTIONS')
      expect(refused.message).to.match(message)
    }
    for (const [options, message] of [
      [{ topic: [] }, /topic is empty/],
      [{ topic: ['a', 'a'] }, /topic a is named twice/],
      [{ topic: ['a', 'b'], partitions: [0] }, /a reader of its own/],
      [{ partitions: [] }, /partitions is empty/],
      [{ partitions: [1, 1] }, /partitions holds 1/],
      [{ isolation: 'none' }, /isolation is none; it can be read_committed or read_uncommitted/],
      [{ endAt: 'earliest' }, /endAt is earliest/],
      [{ startAt: { timestamp: new Date('x') } }, /startAt is no valid date/],
      [{ startAt: { offsets: { [TOPIC]: { 0: -1n } } } }, /holds the offset -1/],
    ] as const)
      expect(() => readerOf(log, options)).to.throw(message)
  })
})
