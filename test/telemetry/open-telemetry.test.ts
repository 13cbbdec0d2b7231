import { spawnSync } from 'node:child_process'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { type AnyJob, createBatch, defineJob, memoryRepository } from '../../src/index.ts'
import type { StartOptions } from '../../src/core/operator/job-operator.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { openTelemetryTracing } from '../../src/telemetry/open-telemetry.ts'
import { memoryTable, recordingWriter } from '../../src/testing/index.ts'
import { recordSpans, type SpanRecorder } from './span-recorder.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

const numbers = (count: number) =>
  iterableReader(() => Array.from({ length: count }, (_, index) => index + 1))

/** As instrumentation of a driver would: a span below the active one. */
const query = (name: string) => trace.getTracer('driver').startSpan(name).end()

describe('Tracing by OpenTelemetry', () => {
  let recorder: SpanRecorder
  before(() => {
    recorder = recordSpans()
  })
  afterEach(() => recorder.reset())
  after(() => recorder.close())

  async function run(job: AnyJob, options: StartOptions = {}) {
    await using batch = createBatch({
      repository: memoryRepository(),
      jobs: [job],
      tracing: openTelemetryTracing(),
      logger: pino({ level: 'silent' }),
    })
    const started = await batch.operator.start(job, {}, options)
    return await started.ended
  }

  const loadJob = defineJob({
    name: 'load-all',
    parameters: z.object({}),
    steps: (step) => ({
      prepare: step.tasklet(async () => {
        await Promise.resolve()
        query('in the tasklet')
      }),
      load: step.chunk(
        { size: 2, concurrency: 2 },
        {
          reader: iterableReader(async function* () {
            for (const item of [1, 2, 3]) {
              await Promise.resolve()
              yield item
            }
          }),
          processor: async (item) => {
            await Promise.resolve()
            query(`process ${item}`)
            return item
          },
          writer: {
            ...recordingWriter<number>(),
            open: async () => {
              query('open')
              return {
                write: async (items) => {
                  await Promise.resolve()
                  query(`write ${items.join()}`)
                },
                close: async () => {},
              }
            },
          },
        },
      ),
    }),
  })

  it('has a span for the job, for each step and for each chunk, and those of libraries beneath them', async () => {
    const { execution } = await run(loadJob)
    const paths = (name: string) => recorder.named(name).map(recorder.path)
    expect(paths('job load-all')).to.deep.equal(['job load-all'])
    expect(paths('in the tasklet')).to.deep.equal(['in the tasklet < step prepare < job load-all'])
    expect(paths('open')).to.deep.equal(['open < step load < job load-all'])
    expect(paths('process 3')).to.deep.equal(['process 3 < chunk load < step load < job load-all'])
    expect(paths('write 1,2')).to.deep.equal(['write 1,2 < chunk load < step load < job load-all'])
    const chunks = recorder.named('chunk load')
    expect(
      chunks.map(({ attributes }) => [attributes['batch.read'], attributes['batch.written']]),
    ).to.deep.equal([
      [2, 2],
      [1, 1],
    ])
    const chunkOf = (name: string) => recorder.named(name)[0]?.parentSpanContext?.spanId
    expect(chunkOf('write 1,2')).to.equal(chunkOf('process 1')).and.to.equal(chunks[0]?.spanContext().spanId)
    expect(chunkOf('write 3')).to.equal(chunkOf('process 3')).and.to.equal(chunks[1]?.spanContext().spanId)
    expect(recorder.named('job load-all')[0]?.attributes).to.deep.equal({
      'batch.job.name': 'load-all',
      'batch.job.instance.id': execution.jobInstance.id,
      'batch.job.execution.id': execution.id,
      'batch.status': 'COMPLETED',
      'batch.exit.code': 'COMPLETED',
    })
    expect(recorder.named('step load')[0]?.attributes).to.include({
      'batch.step.name': 'load',
      'batch.step.execution.id': execution.stepExecutions[1]?.id,
      'batch.status': 'COMPLETED',
    })
  })

  it('goes on in the trace of whoever asks from elsewhere', async () => {
    await run(loadJob, { traceContext: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' } })
    const job = recorder.named('job load-all')[0]
    expect(job?.parentSpanContext).to.include({ traceId: TRACE, spanId: SPAN, isRemote: true })
    expect(job?.spanContext().traceState?.serialize()).to.equal('vendor=1')
    expect(new Set(recorder.spans().map((span) => span.spanContext().traceId))).to.deep.equal(
      new Set([TRACE]),
    )
  })

  it('goes on in the trace of an order, as over HTTP', async () => {
    await using batch = createBatch({
      repository: memoryRepository(),
      jobs: [loadJob],
      tracing: openTelemetryTracing(),
    })
    const answer = await batch.operator.launch({
      jobName: 'load-all',
      parameters: {},
      trigger: { type: 'http', name: null },
      runner: 'server',
      by: 'anna',
      traceContext: { traceparent: `00-${TRACE}-${SPAN}-01` },
    })
    if (answer.outcome === 'started') await answer.started.ended
    expect(recorder.named('job load-all').map(recorder.path)).to.deep.equal([`job load-all < remote ${SPAN}`])
  })

  it('goes on beneath the span that is active where the job is started', async () => {
    const request = trace.getTracer('server').startSpan('POST /executions')
    await context.with(trace.setSpan(context.active(), request), () => run(loadJob))
    request.end()
    expect(recorder.named('job load-all').map(recorder.path)).to.deep.equal([
      'job load-all < POST /executions',
    ])
  })

  for (const [what, traceparent] of [
    ['a trace of zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['an unknown form', 'abc'],
    ['the forbidden version', `ff-${TRACE}-${SPAN}-01`],
    ['more than its version has', `00-${TRACE}-${SPAN}-01-more`],
    ['capitals', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ] as const) {
    it(`begins a trace of its own where it is sent ${what}`, async () => {
      await run(loadJob, { traceContext: { traceparent } })
      expect(recorder.named('job load-all').map(recorder.path)).to.deep.equal(['job load-all'])
      expect(recorder.named('job load-all')[0]?.spanContext().traceId).to.not.equal(TRACE)
    })
  }

  it('records errors by kind, code and message, without secrets and stacks', async () => {
    const failing = defineJob({
      name: 'fails',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 2, overlap: false },
          {
            reader: numbers(3),
            processor: (item) => {
              if (item === 3) throw new Error('connect postgres://me:hidden1@db password=hidden2\nhidden3')
              return item
            },
            writer: recordingWriter<number>(),
          },
        ),
      }),
    })
    await run(failing)
    const [good, bad] = recorder.named('chunk load')
    expect(good?.status.code).to.equal(SpanStatusCode.UNSET)
    expect(good?.attributes['batch.status']).to.equal('COMPLETED')
    expect(bad?.attributes).to.include({ 'batch.status': 'FAILED', 'error.type': 'PROCESS_FAILED' })
    for (const span of [bad, recorder.named('step load')[0], recorder.named('job fails')[0]]) {
      expect(span?.status.code).to.equal(SpanStatusCode.ERROR)
      expect(span?.status.message).to.contain('connect postgres://***@db password=***')
      expect(span?.events.map(({ attributes }) => attributes?.['exception.stacktrace'])).to.deep.equal([
        undefined,
      ])
      const said = JSON.stringify([span?.attributes, span?.status, span?.events])
      expect(said).to.not.match(/hidden/)
    }
  })

  it('counts retries and skips of a chunk, and ends every span that it has begun', async () => {
    let failures = 0
    const job = defineJob({
      name: 'retries',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 3, retry: { on: [Error], attempts: 3 }, skip: { on: [RangeError], limit: 5 } },
          {
            reader: numbers(3),
            processor: (item) => {
              if (item === 2 && failures++ < 2) throw new Error('passes by')
              if (item === 3) throw new RangeError('stays')
              return item
            },
            writer: memoryTable<number>().writer,
          },
        ),
      }),
    })
    const { execution } = await run(job)
    expect(execution.status).to.equal('COMPLETED')
    const [chunk] = recorder.named('chunk load')
    expect(chunk?.attributes).to.include({ 'batch.read': 3, 'batch.written': 2, 'batch.skipped': 1 })
    expect(chunk?.attributes['batch.chunk.retries']).to.equal(4)
  })

  it('has one span name for all partitions, each beneath the step that was partitioned', async () => {
    const parts = defineJob({
      name: 'parts',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.partitioned(
          { size: 5, partitions: () => ['a', 'b'].map((name) => ({ name, value: name })) },
          {
            reader: ({ partition }) => numbers(partition.name === 'a' ? 1 : 2),
            writer: recordingWriter<number>(),
          },
        ),
      }),
    })
    await run(parts)
    const steps = recorder.named('step load')
    const names = steps.map(({ attributes }) => attributes['batch.partition.name'])
    expect(names).to.have.members(['a', 'b', undefined])
    expect(recorder.named('chunk load').map(recorder.path)).to.deep.equal(
      Array(2).fill('chunk load < step load < step load < job parts'),
    )
  })

  it('shows a job that is run as a step beneath that step', async () => {
    const outer = defineJob({
      name: 'outer',
      parameters: z.object({}),
      steps: (step) => ({ inner: step.job(loadJob, { parameters: () => ({}) }) }),
    })
    await using batch = createBatch({
      repository: memoryRepository(),
      jobs: [outer, loadJob],
      tracing: openTelemetryTracing(),
    })
    const started = await batch.operator.start(outer, {})
    await started.ended
    expect(recorder.named('in the tasklet').map(recorder.path)).to.deep.equal([
      'in the tasklet < step prepare < job load-all < step inner < job outer',
    ])
  })

  it('says what to install where the package is missing', () => {
    const hidden = `import { Module } from 'node:module'
      const resolve = Module._resolveFilename
      Module._resolveFilename = function (name, ...more) {
        if (name === '@opentelemetry/api') throw Object.assign(new Error('Cannot find it'), { code: 'MODULE_NOT_FOUND' })
        return resolve.call(this, name, ...more)
      }
      const { openTelemetryTracing } = await import('./dist/src/telemetry/open-telemetry.js')
      try { openTelemetryTracing() } catch (error) { console.log(error.code + ' ' + error.message) }`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', hidden], {
      encoding: 'utf8',
    })
    expect(stderr).to.equal('')
    expect(stdout).to.contain('OPTIONAL_PACKAGE_MISSING').and.to.contain('npm install @opentelemetry/api')
  })

  it('marks what was stopped as stopped, and not as an error', async () => {
    const stopping = defineJob({
      name: 'stops',
      parameters: z.object({}),
      steps: (step) => ({
        wait: step.tasklet(async ({ signal }) => {
          stop.abort()
          signal.throwIfAborted()
        }),
      }),
    })
    const stop = new AbortController()
    const { execution } = await run(stopping, { signal: stop.signal })
    expect(execution.status).to.equal('STOPPED')
    for (const name of ['step wait', 'job stops']) {
      expect(recorder.named(name)[0]?.attributes['batch.status']).to.equal('STOPPED')
      expect(recorder.named(name)[0]?.status.code).to.equal(SpanStatusCode.UNSET)
    }
  })
})
