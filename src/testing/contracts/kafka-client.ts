/** What every client behind the Kafka port promises, as cases for any test runner. */
import type { ContractCase } from '../contract.ts'
import { READING_PROMISES } from './kafka-client-reading.ts'
import { WRITING_PROMISES } from './kafka-client-writing.ts'
import { type KafkaClientSubject, kafkaTrial } from './kafka-trial.ts'

/** `open` may answer clients of the same brokers: every case works on topics of its own. */
export function kafkaClientContract(open: () => Promise<KafkaClientSubject>): readonly ContractCase[] {
  return Object.entries({ ...READING_PROMISES, ...WRITING_PROMISES }).map(([promise, check]) => ({
    promise,
    check: async () => {
      const trial = kafkaTrial(await open())
      try {
        await check(trial)
      } finally {
        await trial.finish()
      }
    },
  }))
}
