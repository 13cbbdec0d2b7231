/** All metrics of a process, as Prometheus scrapes them. */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Observation, Tell } from './observation.ts'
import { type AskFacts, factsCache } from './repository-facts.ts'
import { repositoryMetrics } from './repository-metrics.ts'
import { runMetrics } from './run-metrics.ts'

export interface MetricsOptions {
  /** What the repository knows, asked at a scrape and at most once in ten seconds. @default no metrics of the repository */
  readonly facts?: AskFacts
  /** For tests: how long facts are kept, in milliseconds. @default 10_000 */
  readonly cachedMilliseconds?: number
  /** How long a scrape waits for the facts, in milliseconds. @default 3_000 */
  readonly patienceMilliseconds?: number
  /** For tests: milliseconds that never jump. @default the machine's */
  readonly monotonic?: () => number
}

export interface Metrics {
  /** Of this process, as `createBatch({ observations: metrics.tell })` tells. */
  readonly tell: Tell
  /** For another process that sends its observations here. */
  readonly source: () => ObservationSource
  /** Prometheus' text. Never rejects because of the repository: that is away then, and `batch_repository_up` is 0. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

export interface ObservationSource {
  readonly tell: Tell
  /** The process is gone: what it had at work is no longer. Asking again changes nothing. */
  readonly close: () => void
}

/** With a registry of its own: metrics that others keep in prom-client's global one are not shown. */
export function metricsRegistry(options: MetricsOptions = {}): Metrics {
  const { facts, cachedMilliseconds = 10_000, patienceMilliseconds = 3_000 } = options
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const runs = runMetrics(registry)
  const cache =
    facts === undefined
      ? undefined
      : factsCache(facts, {
          cachedMilliseconds,
          patienceMilliseconds,
          monotonic: options.monotonic ?? (() => performance.now()),
        })
  const ofRepository = cache === undefined ? undefined : repositoryMetrics(registry)
  return {
    tell: runs.apply,
    source: () => {
      const active = activeJobs()
      return {
        tell: (observation) => {
          active.tell(observation)
          runs.apply(observation)
        },
        close: () => active.take().forEach(([job, count]) => runs.forget(job, count)),
      }
    },
    text: async () => {
      ofRepository?.show(await cache?.latest())
      return registry.metrics()
    },
    contentType: registry.contentType,
  }
}

/** How many executions of each job a source has at work. */
function activeJobs() {
  const counts = new Map<string, number>()
  const add = (job: string, count: number) => counts.set(job, (counts.get(job) ?? 0) + count)
  return {
    tell: (observation: Observation) => {
      if (observation.type === 'job-started') add(observation.job, 1)
      if (observation.type === 'job-ended' || observation.type === 'job-lost') add(observation.job, -1)
    },
    take: () => {
      const taken = [...counts].filter(([, count]) => count !== 0)
      counts.clear()
      return taken
    },
  }
}
