/** The metrics that are read from the repository when somebody scrapes. */
import { Gauge, type Registry } from 'prom-client'
import type { JobFacts } from '../core/ports/job-figures.ts'
import type { ScrapedFacts } from './repository-facts.ts'

export interface RepositoryMetrics {
  /** Undefined where the repository is away: then nothing old is shown in the place of what is not known. */
  readonly show: (facts: ScrapedFacts | undefined) => void
}

export function repositoryMetrics(registry: Registry): RepositoryMetrics {
  const gauges = gaugesIn(registry)
  const { up, stale, nextFire, webhooks, ...ofJobs } = gauges
  return {
    show: (facts) => {
      for (const gauge of Object.values(gauges)) gauge.reset()
      stale.remove()
      up.set(facts === undefined ? 0 : 1)
      if (facts === undefined) return
      stale.set(facts.staleExecutions)
      for (const fact of facts.jobs) showJob(ofJobs, fact)
      for (const { schedule, at } of facts.nextFires ?? []) nextFire.set({ schedule }, at.getTime() / 1000)
      for (const { endpoint, pending, givenUp } of facts.webhooks ?? []) {
        webhooks.set({ endpoint, state: 'pending' }, pending)
        webhooks.set({ endpoint, state: 'given_up' }, givenUp)
      }
    },
  }
}

type Gauges = ReturnType<typeof gaugesIn>

function gaugesIn(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ registers: [registry], name, help, labelNames: [...labelNames] })
  return {
    up: gauge('batch_repository_up', 'Whether the job repository answered.', []),
    lastSuccess: gauge(
      'batch_job_last_success_timestamp_seconds',
      'When an execution of the job last ended as COMPLETED.',
      ['job'],
    ),
    lastStatus: gauge(
      'batch_job_last_status',
      "1 for the status of the job's latest execution; other statuses have no series.",
      ['job', 'status'],
    ),
    attention: gauge(
      'batch_attention_instances',
      'Instances whose latest execution has failed, was stopped, is unknown or stale.',
      ['job'],
    ),
    stale: gauge('batch_stale_executions', 'Live executions whose owner is dead.', []),
    nextFire: gauge(
      'batch_schedule_next_fire_timestamp_seconds',
      'The next slot of a schedule that is not paused.',
      ['schedule'],
    ),
    webhooks: gauge('batch_webhook_deliveries', 'Deliveries that wait, or were given up.', [
      'endpoint',
      'state',
    ]),
  }
}

function showJob(
  { lastSuccess, lastStatus, attention }: Pick<Gauges, 'lastSuccess' | 'lastStatus' | 'attention'>,
  { jobName: job, ...fact }: JobFacts,
): void {
  if (fact.lastSuccess !== null) lastSuccess.set({ job }, fact.lastSuccess.getTime() / 1000)
  if (fact.lastStatus !== null) lastStatus.set({ job, status: fact.lastStatus }, 1)
  attention.set({ job }, fact.attention)
}
