/** Metrics and traces of what runs. */
export {
  type Metrics,
  metricsRegistry,
  type MetricsOptions,
  type ObservationSource,
} from './metrics-registry.ts'
export type { Observation, Tell } from './observation.ts'
export { observedOperator } from './observed-operator.ts'
export { openTelemetryTracing } from './open-telemetry.ts'
export { runObservations } from './run-observations.ts'
export { type SlotObserver, slotObservations } from './slot-observations.ts'
export { type AskFacts, repositoryFacts, type ScheduledSlots, type ScrapedFacts } from './repository-facts.ts'
