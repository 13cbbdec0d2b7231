import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { createBatch, defineJob, memoryRepository } from '../../src/index.ts'
import { NO_COUNTS } from '../../src/core/model/step-execution.ts'
import { metricsRegistry } from '../../src/telemetry/metrics-registry.ts'
import type { Observation } from '../../src/telemetry/observation.ts'
import { repositoryFacts, type ScrapedFacts } from '../../src/telemetry/repository-facts.ts'

const FACTS: ScrapedFacts = {
  jobs: [
    { jobName: 'eod', lastSuccess: new Date(1_700_000_000_500), lastStatus: 'FAILED', attention: 2, live: 0 },
    { jobName: 'new', lastSuccess: null, lastStatus: null, attention: 0, live: 0 },
  ],
  staleExecutions: 1,
  nextFires: [{ schedule: 'nightly', at: new Date(1_800_000_000_000) }],
  webhooks: [{ endpoint: 'ops', pending: 3, givenUp: 4 }],
}

const lines = (text: string, name: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith(name) && !line.startsWith('#'))

describe('The metrics registry', () => {
  it('counts what it is told, under the names, labels and buckets that are documented', async () => {
    const metrics = metricsRegistry()
    const counts = { ...NO_COUNTS, readCount: 10, writeCount: 7, filterCount: 2, processSkipCount: 1 }
    const observations: readonly Observation[] = [
      { type: 'launched', job: 'eod', trigger: 'http', result: 'started' },
      { type: 'fired', schedule: 'nightly', outcome: 'MISSED' },
      { type: 'job-started', job: 'eod' },
      { type: 'job-started', job: 'eod' },
      { type: 'step-progressed', job: 'eod', step: 'load', counts },
      { type: 'chunk-committed', job: 'eod', step: 'load', seconds: 0.004 },
      {
        type: 'step-ended',
        job: 'eod',
        step: 'load',
        status: 'FAILED',
        seconds: 3,
        counts: { ...NO_COUNTS, readCount: 5, rollbackCount: 2 },
      },
      { type: 'job-ended', job: 'eod', status: 'FAILED', seconds: 5000 },
    ]
    observations.forEach(metrics.tell)
    const text = await metrics.text()
    expect(lines(text, 'batch_').filter((line) => !line.includes('_bucket'))).to.have.members([
      'batch_job_active{job="eod"} 1',
      'batch_job_duration_seconds_sum{job="eod",status="FAILED"} 5000',
      'batch_job_duration_seconds_count{job="eod",status="FAILED"} 1',
      'batch_step_duration_seconds_sum{job="eod",step="load",status="FAILED"} 3',
      'batch_step_duration_seconds_count{job="eod",step="load",status="FAILED"} 1',
      'batch_chunk_duration_seconds_sum{job="eod",step="load"} 0.004',
      'batch_chunk_duration_seconds_count{job="eod",step="load"} 1',
      'batch_items_total{job="eod",step="load",kind="read"} 15',
      'batch_items_total{job="eod",step="load",kind="written"} 7',
      'batch_items_total{job="eod",step="load",kind="filtered"} 2',
      'batch_items_total{job="eod",step="load",kind="process_skip"} 1',
      'batch_rollbacks_total{job="eod",step="load"} 2',
      'batch_launches_total{job="eod",trigger="http",result="started"} 1',
      'batch_schedule_fires_total{schedule="nightly",outcome="MISSED"} 1',
    ])
    const edges = (name: string) =>
      lines(text, `${name}_bucket`).map((line) => /le="([^"]+)"/.exec(line)?.[1])
    expect([
      edges('batch_job_duration_seconds')[0],
      edges('batch_job_duration_seconds').at(-2),
    ]).to.deep.equal(['1', '14400'])
    expect([
      edges('batch_chunk_duration_seconds')[0],
      edges('batch_chunk_duration_seconds').at(-2),
    ]).to.deep.equal(['0.001', '300'])
  })

  it('shows the process too, in a registry of its own', async () => {
    const [one, other] = [metricsRegistry(), metricsRegistry()]
    one.tell({ type: 'job-started', job: 'a' })
    expect(await one.text())
      .to.contain('process_cpu_seconds_total')
      .and.contain('nodejs_eventloop_lag_seconds')
    expect(lines(await other.text(), 'batch_job_active{')).to.deep.equal([])
    expect(one.contentType).to.contain('text/plain')
  })

  it('escapes what a name may contain, so that no name makes lines of its own', async () => {
    const metrics = metricsRegistry({
      facts: async () => ({
        jobs: [{ jobName: 'b"\n', lastSuccess: new Date(0), lastStatus: 'COMPLETED', attention: 0, live: 0 }],
        staleExecutions: 0,
      }),
    })
    const job = 'a"b\\c\nbatch_job_active{job="x"} 9'
    metrics.tell({ type: 'job-started', job })
    metrics.tell({ type: 'job-ended', job, status: 'COMPLETED', seconds: 1 })
    const text = await metrics.text()
    expect(lines(text, 'batch_job_active')).to.deep.equal([
      String.raw`batch_job_active{job="a\"b\\c\nbatch_job_active{job=\"x\"} 9"} 0`,
    ])
    expect(lines(text, 'batch_job_duration_seconds_count')).to.deep.equal([
      String.raw`batch_job_duration_seconds_count{job="a\"b\\c\nbatch_job_active{job=\"x\"} 9",status="COMPLETED"} 1`,
    ])
    expect(text).to.contain(String.raw`batch_attention_instances{job="b\"\n"} 0`)
  })

  it('forgets what another process had at work when that is gone, and nothing else', async () => {
    const metrics = metricsRegistry()
    const source = metrics.source()
    metrics.tell({ type: 'job-started', job: 'eod' })
    for (let run = 0; run < 3; run += 1) source.tell({ type: 'job-started', job: 'eod' })
    source.tell({ type: 'job-ended', job: 'eod', status: 'COMPLETED', seconds: 1 })
    source.tell({ type: 'job-lost', job: 'eod' })
    expect(lines(await metrics.text(), 'batch_job_active')).to.deep.equal(['batch_job_active{job="eod"} 2'])
    source.close()
    source.close()
    expect(lines(await metrics.text(), 'batch_job_active')).to.deep.equal(['batch_job_active{job="eod"} 1'])
  })

  it('shows what the repository knows', async () => {
    const text = await metricsRegistry({ facts: async () => FACTS }).text()
    expect(lines(text, 'batch_').toSorted()).to.deep.equal([
      'batch_attention_instances{job="eod"} 2',
      'batch_attention_instances{job="new"} 0',
      'batch_job_last_status{job="eod",status="FAILED"} 1',
      'batch_job_last_success_timestamp_seconds{job="eod"} 1700000000.5',
      'batch_repository_up 1',
      'batch_schedule_next_fire_timestamp_seconds{schedule="nightly"} 1800000000',
      'batch_stale_executions 1',
      'batch_webhook_deliveries{endpoint="ops",state="given_up"} 4',
      'batch_webhook_deliveries{endpoint="ops",state="pending"} 3',
    ])
  })

  it('answers without the repository when that is away, and shows nothing old in its place', async () => {
    let now = 0
    let isAway = false
    const metrics = metricsRegistry({
      facts: async () => {
        if (isAway) throw new Error('connect ECONNREFUSED')
        return FACTS
      },
      monotonic: () => now,
    })
    expect(await metrics.text()).to.contain('batch_repository_up 1')
    isAway = true
    now = 10_000
    const text = await metrics.text()
    expect(lines(text, 'batch_')).to.deep.equal(['batch_repository_up 0'])
    expect(text).to.contain('process_cpu_seconds_total')
    isAway = false
    now = 20_000
    expect(lines(await metrics.text(), 'batch_stale_executions')).to.deep.equal(['batch_stale_executions 1'])
  })

  it('does not wait longer than its patience for a repository that hangs', async () => {
    const metrics = metricsRegistry({ facts: () => new Promise(() => {}), patienceMilliseconds: 5 })
    expect(lines(await metrics.text(), 'batch_')).to.deep.equal(['batch_repository_up 0'])
  })

  it('asks the repository once for many scrapes, and again after ten seconds', async () => {
    let now = 0
    let asked = 0
    const metrics = metricsRegistry({
      facts: async () => {
        asked += 1
        return FACTS
      },
      monotonic: () => now,
    })
    await Promise.all([metrics.text(), metrics.text(), metrics.text()])
    now = 9_999
    await metrics.text()
    expect(asked).to.equal(1)
    now = 10_000
    await Promise.all([metrics.text(), metrics.text()])
    expect(asked).to.equal(2)
  })

  it('asks a repository for what it knows of jobs, schedules and webhooks', async () => {
    const repository = memoryRepository()
    const job = defineJob({
      name: 'eod',
      parameters: z.object({ day: z.int() }),
      steps: (step) => ({
        close: step.tasklet(({ parameters: { day } }) => {
          if (day === 2) throw new Error('planned')
        }),
      }),
    })
    await using batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
    for (const day of [1, 2]) {
      const started = await batch.operator.start(job, { day })
      await started.ended
    }
    const at = new Date(1_800_000_000_000)
    await repository.schedules.register(['nightly', 'paused', 'over'], new Date())
    await repository.schedules.pause('paused', { by: 'anna', note: null, at: new Date() })
    const facts = repositoryFacts(repository, [
      { schedule: 'nightly', next: () => at },
      { schedule: 'paused', next: () => at },
      { schedule: 'over', next: () => undefined },
    ])
    const text = await metricsRegistry({ facts }).text()
    expect(text).to.match(/^batch_job_last_success_timestamp_seconds\{job="eod"\} \d{10}\.?\d*$/m)
    expect(lines(text, 'batch_').filter((line) => !line.includes('last_success'))).to.have.members([
      'batch_repository_up 1',
      'batch_job_last_status{job="eod",status="FAILED"} 1',
      'batch_attention_instances{job="eod"} 1',
      'batch_stale_executions 0',
      'batch_schedule_next_fire_timestamp_seconds{schedule="nightly"} 1800000000',
    ])
  })
})
