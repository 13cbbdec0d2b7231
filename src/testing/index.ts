/** For tests: jobs run on what a test can see through, killed wherever they can be; and the contract suites of readers, writers and repositories. */
export type { ContractCase } from './contract.ts'
export { itemReaderContract, type ItemReaderSubject } from './contracts/item-reader.ts'
export { itemWriterContract, type ItemWriterSubject, type ItemWriterTraits } from './contracts/item-writer.ts'
export { jobRepositoryContract } from './contracts/job-repository.ts'
export { kafkaClientContract } from './contracts/kafka-client.ts'
export type { KafkaClientSubject } from './contracts/kafka-trial.ts'
export { type FakeClock, fakeClock, type FakeClockOptions } from './fake-clock.ts'
export { failingReader, type FailingReaderOptions } from './failing-reader.ts'
export { failingWriter, type FailingWriterOptions } from './failing-writer.ts'
export type { JobResult, StepResult } from './job-result.ts'
export {
  everyKillPoint,
  type EveryKillPointOptions,
  type KillReport,
} from './kill-points/every-kill-point.ts'
export { KILL_MOMENTS, type KillMoment, type KillPhase } from './kill-points/kill-switch.ts'
export {
  type MemoryForeignTransaction,
  type MemoryKafka,
  memoryKafka,
  type MemoryKafkaInput,
  type MemoryKafkaOptions,
  type MemoryTopicOptions,
} from './memory-kafka.ts'
export { KAFKA_CALLS, type KafkaCall, type SendFailurePlan } from './memory-kafka/planned-failures.ts'
export {
  type CassandraDisturbance,
  type MemoryCassandra,
  memoryCassandra,
  type MemoryCassandraOptions,
  type MemoryCassandraTable,
} from './memory-cassandra/memory-cassandra.ts'
export { type MemoryTable, memoryTable, type MemoryTableOptions } from './memory-table.ts'
export {
  MEMORY_TRANSACTION,
  type MemoryChange,
  type MemoryTransaction,
} from '../repository/memory/memory-transaction.ts'
export type { FailureOptions } from './planned-failure.ts'
export { type RecordingWriter, recordingWriter } from './recording-writer.ts'
export { type SlowOptions, slowReader, slowWriter } from './slow.ts'
export {
  type RunJobOptions,
  runJob,
  type RunStepOptions,
  runStep,
  type SingleStep,
  type TestBatch,
  testBatch,
  type TestBatchOptions,
} from './test-batch.ts'
export { type ThrowAwaySchema, throwAwaySchema, type ThrowAwaySchemaOptions } from './throw-away-schema.ts'
