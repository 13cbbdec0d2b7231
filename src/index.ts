/** What a job author and a launcher import. */
export { type BatchwrightConfig, defineConfig, type LogLevel, type RepositoryConfig } from './cli/config.ts'
export { type AnyJob, type Batch, type BatchOptions, createBatch } from './create-batch.ts'
export type {
  AggregateScope,
  ContextDraft,
  JobScope,
  PartitionScope,
  Redrive,
  StepScope,
  TaskletScope,
} from './core/definition/callback-scope.ts'
export type { Decider, DecisionScope, Flow, FlowEnding } from './core/definition/flow-definition.ts'
export type {
  FlowFactory,
  FlowPart,
  FlowTarget,
  FlowTransitions,
  StandardExitCode,
} from './core/definition/flow-factory.ts'
export { defineJob, type JobDefinition, type JobOptions, type Steps } from './core/definition/define-job.ts'
export type {
  Backoff,
  ErrorClass,
  ErrorMatch,
  RetryPolicy,
  SkipPolicy,
} from './core/definition/fault-policy.ts'
export { nonIdentifying } from './core/definition/parameter-kind.ts'
export type { PartitionedOptions, PartitionedPipeline } from './core/definition/partitioned-step.ts'
export {
  type KeyRange,
  listPartitions,
  rangePartitions,
  type RangeSplit,
} from './core/definition/partitioners.ts'
export { parametersJsonSchema } from './core/definition/parameters-schema.ts'
export {
  type ChunkOptions,
  type ChunkStepDefinition,
  type ChunkStepListener,
  type PartitionedStepDefinition,
  type Processor,
  type PromotedKeys,
  type ReaderSource,
  type ChildJob,
  type JobStepDefinition,
  type JobStepOptions,
  type StepDefinition,
  type StepOptions,
  type Tasklet,
  type TaskletAnswer,
  type TaskletOptions,
  type TaskletStepDefinition,
  type WriterSource,
} from './core/definition/step-definition.ts'
export type { ChunkPipeline, StepFactory } from './core/definition/step-factory.ts'
export type { RunOutcome } from './core/engine/run-outcome.ts'
export {
  BATCH_ERRORS,
  BatchError,
  type BatchErrorCode,
  type BatchErrorFacts,
  isBatchError,
} from './core/model/batch-error.ts'
export { BATCH_STATUSES, type BatchStatus } from './core/model/batch-status.ts'
export type {
  ContextValue,
  ExecutionContext,
  JavaValue,
  StoredContext,
} from './core/model/execution-context.ts'
export type { ExecutionOwner, OwnerIdentity } from './core/model/execution-owner.ts'
export { type ExitStatus, exitStatus } from './core/model/exit-status.ts'
export { FILTERED, type Filtered } from './core/model/filtered.ts'
export type { JobExecution, JobExecutionDetails, JobExecutionSummary } from './core/model/job-execution.ts'
export type { JobInstance } from './core/model/job-instance.ts'
export { jobKey } from './core/model/job-key.ts'
export type { JobParameter, JobParameters } from './core/model/job-parameters.ts'
export type { JsonValue } from './core/model/json-value.ts'
export { isTransient } from './core/model/transient-error.ts'
export type {
  EntryRedrive,
  FaultPhase,
  QuarantinedError,
  QuarantinedPayload,
  QuarantineEntry,
} from './core/model/quarantined-item.ts'
export type { Partition, PartitionResult, Partitions } from './core/model/partition.ts'
export type { PartitionOverview } from './core/model/partition-overview.ts'
export type {
  PartitionExecution,
  ReconciledCounts,
  StepCounts,
  StepExecution,
  StepReconciliation,
} from './core/model/step-execution.ts'
export { filePartitions, type FileSelection } from './files/file-partitions.ts'
export { drawFlow } from './core/operator/draw-flow.ts'
export type { PartitionedStepExplanation, StepExplanation } from './core/operator/explain-job.ts'
export type { DryRunOptions } from './core/operator/dry-run/dry-run.ts'
export type { DryRunReport, DryRunStep } from './core/operator/dry-run/dry-run-report.ts'
export type {
  Asking,
  ExecutionOperations,
  KeepRecovering,
  Recovering,
  Recovery,
} from './core/operator/execution-operations.ts'
export type { Waiting } from './core/operator/wait-for-end.ts'
export type {
  Fired,
  FireOperations,
  FireOrder,
  JudgedExecution,
  JudgedGround,
} from './core/operator/fire-operations.ts'
export type { FireOutcome, ScheduleFire, SchedulePause, ScheduleState } from './core/model/schedule-fire.ts'
export type { FireFilter, FireVerdict, ScheduleStore } from './core/ports/schedule-store.ts'
export type { JobOperator, RestartOptions, StartedJob, StartOptions } from './core/operator/job-operator.ts'
export type { LaunchFacts, Runner, Trigger, TriggerType } from './core/model/launch-facts.ts'
export type {
  IdempotencyKey,
  LaunchAnswer,
  LaunchOperations,
  LaunchOptions,
  LaunchOrder,
} from './core/operator/launch-order.ts'
export type {
  ExecutionQuarantine,
  QuarantineOperations,
  StartedRedrive,
} from './core/operator/quarantine-operations.ts'
export type { PurgedJob, PurgeOptions, PurgeReport } from './core/operator/purge-history.ts'
export type { RedrivePart, RedrivePlan } from './core/operator/plan-redrive.ts'
export type { ItemReader, ReadProgress } from './core/ports/item-reader.ts'
export type { Guarantee, ItemWriter } from './core/ports/item-writer.ts'
export type {
  ExecutionFilter,
  InstanceFilter,
  InstanceOverview,
  JobRepository,
  TriggerFilter,
} from './core/ports/job-repository.ts'
export type {
  DayFigures,
  DurationFigures,
  ExecutionsByStatus,
  HourFigures,
  HourlyRequest,
  JobFacts,
  JobStatistics,
  RepositoryFacts,
  StatisticsRequest,
  TypicalRun,
  TypicalStep,
} from './core/ports/job-figures.ts'
export type { PartitionExecutionFilter } from './core/ports/partition-store.ts'
export type {
  ChunkListener,
  ChunkView,
  ItemListener,
  JobListener,
  ListenerScope,
  Retry,
  RetryListener,
  SkipListener,
  StepListener,
} from './core/ports/listeners.ts'
export type { PurgeableStatus, PurgeCounts } from './core/ports/purge.ts'
export type { Logger } from './core/ports/logger.ts'
export type { CommittedChunk, RunObserver } from './core/ports/run-observer.ts'
export type {
  Span,
  SpanAttributes,
  SpanError,
  SpanStart,
  TraceContext,
  Tracing,
} from './core/ports/tracing.ts'
export type { ResourceKey, Resources, Transaction } from './core/ports/resource.ts'
export type { WorkerModule } from './workers/module-place.ts'
export type { StepSample } from './core/ports/step-sample.ts'
export { memoryRepository, type MemoryRepositoryOptions } from './repository/memory/memory-repository.ts'
export type { OperatorAction } from './core/model/operator-action.ts'
export type { QuarantineFilter, QuarantineSelection, RedriveBatch } from './core/ports/quarantine-store.ts'
