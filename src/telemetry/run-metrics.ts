/** The metrics of what runs and is launched: made of observations, with names, labels and buckets that stay what they are. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { StepCounts } from '../core/model/step-execution.ts'
import type { Observation } from './observation.ts'

/** A second to four hours. */
const RUN_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400]
/** A millisecond to five minutes. */
const CHUNK_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300]

const ITEM_KINDS = {
  read: 'readCount',
  written: 'writeCount',
  filtered: 'filterCount',
  read_skip: 'readSkipCount',
  process_skip: 'processSkipCount',
  write_skip: 'writeSkipCount',
} as const satisfies Readonly<Record<string, keyof StepCounts>>

export interface RunMetrics {
  readonly apply: (observation: Observation) => void
  /** Runs that are over without having said so, as with the process that ran them. */
  readonly forget: (job: string, count: number) => void
}

/** No label grows with the data: names of jobs, steps and schedules, and words of ours. */
export function runMetrics(registry: Registry): RunMetrics {
  const parts = metricsIn(registry)
  return {
    apply: (observation) => applyTo(parts, observation),
    forget: (job, count) => parts.active.dec({ job }, count),
  }
}

type Metrics = ReturnType<typeof metricsIn>

function metricsIn(registry: Registry) {
  const registers = [registry]
  return {
    active: new Gauge({
      registers,
      name: 'batch_job_active',
      help: 'Job executions at work.',
      labelNames: ['job'],
    }),
    jobs: new Histogram({
      registers,
      name: 'batch_job_duration_seconds',
      help: 'How long job executions took, by the status in which they ended.',
      labelNames: ['job', 'status'],
      buckets: RUN_BUCKETS,
    }),
    steps: new Histogram({
      registers,
      name: 'batch_step_duration_seconds',
      help: 'How long step executions took, by the status in which they ended.',
      labelNames: ['job', 'step', 'status'],
      buckets: RUN_BUCKETS,
    }),
    chunks: new Histogram({
      registers,
      name: 'batch_chunk_duration_seconds',
      help: 'From the begin of the reading of a chunk to its commit.',
      labelNames: ['job', 'step'],
      buckets: CHUNK_BUCKETS,
    }),
    items: new Counter({
      registers,
      name: 'batch_items_total',
      help: 'Items of committed chunks: read, written, filtered, and skipped in reading, processing or writing.',
      labelNames: ['job', 'step', 'kind'],
    }),
    rollbacks: new Counter({
      registers,
      name: 'batch_rollbacks_total',
      help: 'Chunks and turns that were rolled back.',
      labelNames: ['job', 'step'],
    }),
    launches: new Counter({
      registers,
      name: 'batch_launches_total',
      help: 'Launches that were asked for, by what came of them.',
      labelNames: ['job', 'trigger', 'result'],
    }),
    fires: new Counter({
      registers,
      name: 'batch_schedule_fires_total',
      help: 'Slots of schedules, by what became of them.',
      labelNames: ['schedule', 'outcome'],
    }),
  }
}

function applyTo(metrics: Metrics, observation: Observation): void {
  const { active, jobs, steps, chunks, launches, fires } = metrics
  switch (observation.type) {
    case 'job-started':
      return active.inc({ job: observation.job })
    case 'job-lost':
      return active.dec({ job: observation.job })
    case 'job-ended': {
      const { job, status, seconds } = observation
      active.dec({ job })
      return jobs.observe({ job, status }, seconds)
    }
    case 'step-progressed':
      return count(metrics, observation)
    case 'chunk-committed': {
      const { job, step, seconds } = observation
      return chunks.observe({ job, step }, seconds)
    }
    case 'step-ended': {
      const { job, step, status, seconds } = observation
      count(metrics, observation)
      return steps.observe({ job, step, status }, seconds)
    }
    case 'launched': {
      const { job, trigger, result } = observation
      return launches.inc({ job, trigger, result })
    }
    case 'fired': {
      const { schedule, outcome } = observation
      return fires.inc({ schedule, outcome })
    }
    default:
      observation satisfies never
  }
}

/** Zeros make no series, so that a tasklet has none of items. */
function count(
  { items, rollbacks }: Metrics,
  { job, step, counts }: { readonly job: string; readonly step: string; readonly counts: StepCounts },
): void {
  for (const [kind, name] of Object.entries(ITEM_KINDS))
    if (counts[name] > 0) items.inc({ job, step, kind }, counts[name])
  if (counts.rollbackCount > 0) rollbacks.inc({ job, step }, counts.rollbackCount)
}
