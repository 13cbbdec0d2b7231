/** For those who write readers, writers and repositories. */
export type { DefinitionFingerprint, StepFingerprint } from './core/model/definition-fingerprint.ts'
export type { ExecutionContext } from './core/model/execution-context.ts'
export type { Checkpoint, JsonValue, StoredCheckpoint } from './core/model/json-value.ts'
export type { Partition } from './core/model/partition.ts'
export type { JobExecutionSummary } from './core/model/job-execution.ts'
export type { LaunchFacts, Runner, Trigger, TriggerType } from './core/model/launch-facts.ts'
export type { OperatorAction } from './core/model/operator-action.ts'
export type {
  EntryRedrive,
  FaultPhase,
  QuarantinedError,
  QuarantinedItem,
  QuarantinedPayload,
  QuarantineEntry,
} from './core/model/quarantined-item.ts'
export type {
  BatchPart,
  QuarantineFilter,
  QuarantineSelection,
  QuarantineStore,
  QuarantineSummary,
  RedriveBatch,
  RedriveTarget,
} from './core/ports/quarantine-store.ts'
export {
  type BatchEvent,
  EVENT_TYPES,
  type EventType,
  type ExecutionEvent,
  type ExecutionEventType,
  type ScheduleEvent,
} from './core/model/batch-event.ts'
export type { EventLook, EventStore } from './core/ports/event-store.ts'
export type {
  ClaimedDelivery,
  ClaimWish,
  DeliveryFilter,
  DeliveryOutcome,
  DeliveryState,
  FannedOut,
  WebhookDelivery,
  WebhookBacklog,
  WebhookEndpointState,
  WebhookStore,
} from './core/ports/webhook-store.ts'
export type { FireOutcome, ScheduleFire, SchedulePause, ScheduleState } from './core/model/schedule-fire.ts'
export type {
  CoveredSpan,
  FireAnswer,
  FireFilter,
  FireGround,
  FireRequest,
  FireVerdict,
  LiveExecution,
  PauseRequest,
  PreviousFire,
  QueuedBackfill,
  RecordedFire,
  ScheduleStore,
} from './core/ports/schedule-store.ts'
export { isTransient } from './core/model/transient-error.ts'
export type { Clock } from './core/ports/clock.ts'
export {
  describePosition,
  type ItemReader,
  type OpenedReader,
  type Page,
  type ParsedRecord,
  type ParserScope,
  type Position,
  type ReadFault,
  type ReadProgress,
  type ReaderScope,
  type RecordParser,
} from './core/ports/item-reader.ts'
export { failedItems, type ItemFailure, itemsFailed } from './core/ports/items-failed.ts'
export type { Guarantee, ItemSink, ItemWriter, WriterScope, WriteSummary } from './core/ports/item-writer.ts'
export type { ChunkMark, KeptMark, OwnTransaction } from './core/ports/own-transaction.ts'
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
export type {
  ExecutionFilter,
  InstanceFilter,
  InstanceOverview,
  JobEnd,
  JobRepository,
  TriggerFilter,
} from './core/ports/job-repository.ts'
export type {
  KeyedLaunch,
  LastInstance,
  LatestExecution,
  Launched,
  LaunchedRedrive,
  LaunchKey,
  LaunchRequest,
  LaunchTerms,
  LaunchVerdict,
  NextInstance,
  NextLaunchRequest,
  PreviousStep,
  RedriveRequest,
} from './core/ports/launch.ts'
export type { BeatListener, Beating, Claim, HeartbeatAnswer } from './core/ports/lease.ts'
export type {
  ClaimedPartition,
  PartitionClaim,
  PartitionExecutionFilter,
  PartitionState,
  PartitionStore,
  PlanState,
  PlanTally,
  Retired,
  Retirement,
} from './core/ports/partition-store.ts'
export type { PurgeableStatus, PurgeCounts, PurgedPart, PurgeRequest } from './core/ports/purge.ts'
export type { ExecutionAtHand, RetireOutcome, RetireRequest, RetireVerdict } from './core/ports/retirement.ts'
export type {
  ChunkCommit,
  CommitAnswer,
  Rehearsal,
  RedrivenEntries,
  StepBegin,
  StepEnd,
  StepProgress,
  StepSession,
} from './core/ports/step-session.ts'
export { type ResourceKey, resourceKey, type Resources, type Transaction } from './core/ports/resource.ts'
export type { SampleMark, StepSample } from './core/ports/step-sample.ts'
