import { expect } from 'chai'
import { createBatch, type AnyJob, defineJob, memoryRepository } from '../../src/index.ts'
import type { LaunchOrder } from '../../src/core/operator/launch-order.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { metricsRegistry } from '../../src/telemetry/metrics-registry.ts'
import type { Observation } from '../../src/telemetry/observation.ts'
import { runObservations } from '../../src/telemetry/run-observations.ts'
import { slotObservations } from '../../src/telemetry/slot-observations.ts'
import { recordingWriter } from '../../src/testing/index.ts'
import { z } from 'zod'

const numbers = (count: number) => iterableReader(() => Array.from({ length: count }, (_, index) => index))

const load = defineJob({
  name: 'load-all',
  parameters: z.object({}),
  steps: (step) => ({
    prepare: step.tasklet(() => {}),
    load: step.chunk(
      { size: 2 },
      { reader: numbers(5), processor: (item) => item * 2, writer: recordingWriter<number>() },
    ),
  }),
})

const parts = defineJob({
  name: 'parts',
  parameters: z.object({}),
  steps: (step) => ({
    load: step.partitioned(
      { size: 2, concurrency: 2, partitions: () => ['a', 'b', 'c'].map((name) => ({ name, value: name })) },
      {
        reader: ({ partition }) => (partition.name === '' ? numbers(0) : numbers(3)),
        writer: recordingWriter<number>(),
      },
    ),
  }),
})

async function observe(job: AnyJob, times = 1): Promise<readonly Observation[]> {
  const told: Observation[] = []
  await using batch = createBatch({
    repository: memoryRepository(),
    jobs: [job],
    observations: (observation) => void told.push(observation),
    logger: (await import('pino')).pino({ level: 'silent' }),
  })
  for (let time = 0; time < times; time += 1) {
    const started = await batch.operator.start(job, {}).catch(() => undefined)
    await started?.ended
  }
  return told
}

const withoutSeconds = (observations: readonly Observation[]) =>
  observations.map((one) => ('seconds' in one ? { ...one, seconds: one.seconds >= 0 } : one))

describe('The observations of a run', () => {
  it('tell of job, steps, chunks and what was counted, once each', async () => {
    const told = await observe(load)
    expect(withoutSeconds(told).map(({ type }) => type)).to.deep.equal([
      'job-started',
      'launched',
      'step-progressed',
      'step-ended',
      'step-progressed',
      'chunk-committed',
      'step-progressed',
      'chunk-committed',
      'step-progressed',
      'chunk-committed',
      'step-ended',
      'job-ended',
    ])
    expect(sums(told, 'load')).to.deep.equal({ readCount: 5, writeCount: 5, commitCount: 3 })
  })

  it('are plain data, which survives the way to another process', async () => {
    const told = await observe(load)
    expect(JSON.parse(JSON.stringify(told))).to.deep.equal(told)
  })

  it('of partitions are those of their step: no name of a partition gets out', async () => {
    const told = await observe(parts)
    const steps = new Set(told.flatMap((one) => ('step' in one ? [one.step] : [])))
    expect([...steps]).to.deep.equal(['load'])
    expect(sums(told, 'load')).to.include({ readCount: 9, writeCount: 9 })
    expect(told.filter(({ type }) => type === 'chunk-committed')).to.have.length(6)
    expect(told.filter(({ type }) => type === 'step-ended')).to.have.length(1)
  })

  it('tell how a launch came out, also when it was refused, and not of names that are no job', async () => {
    const told = await observe(load, 2)
    expect(told.filter(({ type }) => type === 'launched')).to.deep.equal([
      { type: 'launched', job: 'load-all', trigger: 'program', result: 'started' },
      { type: 'launched', job: 'load-all', trigger: 'program', result: 'job_instance_already_complete' },
    ])
    const none: Observation[] = []
    await using batch = createBatch({
      repository: memoryRepository(),
      jobs: [load],
      observations: (observation) => void none.push(observation),
    })
    const error: unknown = await batch.operator
      .startByName('made-up-1', {})
      .catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'NO_SUCH_JOB')
    expect(none).to.deep.equal([])
  })

  it('tell what has triggered a launch, and when the answer was there already', async () => {
    const told: Observation[] = []
    await using batch = createBatch({
      repository: memoryRepository(),
      jobs: [load],
      observations: (observation) => void told.push(observation),
    })
    const order: LaunchOrder = {
      jobName: 'load-all',
      parameters: {},
      onExisting: 'return',
      trigger: { type: 'http', name: null },
      runner: 'server',
      by: 'anna',
      idempotency: { key: 'one', requestHash: 'hash' },
    }
    const answer = await batch.operator.launch(order)
    if (answer.outcome === 'started') await answer.started.ended
    await batch.operator.launch(order)
    const { idempotency: _, ...another } = order
    await batch.operator.launch(another)
    const unknown: unknown = await batch.operator
      .launch({ ...another, jobName: 'made-up' })
      .catch((error: unknown) => error)
    expect(unknown).to.have.property('code', 'NO_SUCH_JOB')
    expect(told.filter(({ type }) => type === 'launched')).to.deep.equal(
      ['started', 'replayed', 'existing'].map((result) => ({
        type: 'launched',
        job: 'load-all',
        trigger: 'http',
        result,
      })),
    )
  })

  it('tell of a failure and of its restart', async () => {
    let isBroken = true
    const job = defineJob({
      name: 'fails-once',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 2 },
          {
            reader: numbers(4),
            processor: (item) => {
              if (item < 3 || !isBroken) return item
              isBroken = false
              throw new Error('planned')
            },
            writer: recordingWriter<number>(),
          },
        ),
      }),
    })
    const told = await observe(job, 2)
    expect(
      told.filter(({ type }) => type === 'job-ended').map((one) => 'status' in one && one.status),
    ).to.deep.equal(['FAILED', 'COMPLETED'])
    expect(
      told.filter(({ type }) => type === 'launched').map((one) => 'result' in one && one.result),
    ).to.deep.equal(['started', 'restarted'])
    expect(sums(told, 'load')).to.include({ readCount: 4, writeCount: 4 })
  })

  it('leave no job at work in the metrics, also where its end could not be recorded', async () => {
    const metrics = metricsRegistry()
    const repository = memoryRepository()
    const lost = {
      ...repository,
      endJobExecution: async () => {
        throw new Error('the database is away')
      },
    }
    await using batch = createBatch({ repository: lost, jobs: [load], observations: metrics.tell })
    const started = await batch.operator.start(load, {})
    const error: unknown = await started.ended.catch((reason: unknown) => reason)
    expect(error).to.be.an('error')
    expect(await metrics.text()).to.contain('batch_job_active{job="load-all"} 0')
  })

  it('reach the observer of the caller as well', async () => {
    const events: string[] = []
    await using batch = createBatch({ repository: memoryRepository(), jobs: [load], observations: () => {} })
    const started = await batch.operator.start(
      load,
      {},
      { observer: { stepStarted: ({ stepName }) => void events.push(stepName) } },
    )
    await started.ended
    expect(events).to.deep.equal(['prepare', 'load'])
  })

  it('measure by a clock that does not jump', () => {
    let now = 0
    const told: Observation[] = []
    const observer = runObservations(
      (observation) => void told.push(observation),
      () => now,
    )
    const execution = { id: '1', jobInstance: { jobName: 'a' }, status: 'COMPLETED' } as never
    observer.jobStarted?.(execution, [])
    now = 2500
    observer.jobEnded?.(execution)
    expect(told.at(-1)).to.deep.equal({ type: 'job-ended', job: 'a', status: 'COMPLETED', seconds: 2.5 })
  })

  it('of slots tell one for each', () => {
    const told: Observation[] = []
    slotObservations((observation) => void told.push(observation)).recorded(
      'nightly',
      [new Date(0), new Date(1)],
      'MISSED',
    )
    expect(told).to.deep.equal([
      { type: 'fired', schedule: 'nightly', outcome: 'MISSED' },
      { type: 'fired', schedule: 'nightly', outcome: 'MISSED' },
    ])
  })
})

function sums(told: readonly Observation[], step: string): Readonly<Record<string, number>> {
  const total: Record<string, number> = {}
  for (const one of told)
    if ('counts' in one && one.step === step)
      for (const [name, count] of Object.entries(one.counts)) total[name] = (total[name] ?? 0) + count
  return Object.fromEntries(Object.entries(total).filter(([, count]) => count !== 0))
}
