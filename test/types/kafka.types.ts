/** What the compiler knows of Kafka's readers and writers. Compiled with the tests; nothing here is run. */
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import {
  json,
  type KafkaClient,
  type KafkaRecord,
  kafkaPartitions,
  type KafkaPartitionValue,
  text,
} from '../../src/kafka/index.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { kafkaWriter } from '../../src/writers/kafka.ts'

declare const client: KafkaClient
declare const planned: KafkaPartitionValue
const Trade = z.object({ isin: z.string(), quantity: z.number() })
type Trade = z.infer<typeof Trade>

/** Values and keys have the types of their formats; without one they are bytes. */
export const typed: ItemReader<KafkaRecord<Trade, string | null>> = kafkaReader({
  client,
  topic: 'trades',
  key: text,
  value: json(Trade),
})
export const raw: ItemReader<KafkaRecord<Buffer | null, Buffer | null>> = kafkaReader({
  client,
  topic: 'trades',
})
// @ts-expect-error a schema's value is not bytes
export const notRaw: ItemReader<KafkaRecord<Buffer | null>> = kafkaReader({
  client,
  topic: 'trades',
  value: json(Trade),
})

// @ts-expect-error a plan's partition has its topic, and its ends, already
kafkaReader({ client, topic: 'trades', partition: planned })
// @ts-expect-error nothing can end at the earliest record
kafkaReader({ client, topic: 'trades', endAt: 'earliest' })

/** The item's type is that of `record`; its value and key are those of the formats. */
export const writer: ItemWriter<Trade> = kafkaWriter({
  client,
  topic: 'trades',
  key: text,
  value: json(Trade),
  record: (trade: Trade) => ({ key: trade.isin, value: trade }),
})
kafkaWriter({
  client,
  value: json(Trade),
  // @ts-expect-error a trade has a quantity
  record: (trade: Trade) => ({ topic: 'trades', value: { isin: trade.isin } }),
})
kafkaWriter({
  client,
  topic: 'trades',
  // @ts-expect-error a key is a text or bytes, where no format says more
  record: (trade: Trade) => ({ key: trade.quantity, value: trade }),
})

/** From the log to the log, and split by its partitions. */
export const job = defineJob({
  name: 'trades',
  parameters: z.object({}),
  steps: (step) => ({
    copy: step.chunk(
      { size: 100 },
      { reader: typed, processor: ({ value }) => ({ ...value, quantity: value.quantity * 2 }), writer },
    ),
    wrong: step.chunk(
      { size: 100 },
      {
        reader: typed,
        // @ts-expect-error the writer takes trades
        processor: ({ key }) => ({ isin: key }),
        writer,
      },
    ),
    split: step.partitioned(
      { size: 100, partitions: () => kafkaPartitions({ client, topic: 'trades' }) },
      {
        reader: ({ partition }) => kafkaReader({ client, partition: partition.value, value: json(Trade) }),
        processor: ({ value }) => value,
        writer,
      },
    ),
  }),
})
