import { expect } from 'chai'
import { z } from 'zod'
import { createBatch, defineJob, memoryRepository } from '../../../src/index.ts'
import { MOST_SAMPLES, sampleRhythm } from '../../../src/core/engine/sample-rhythm.ts'
import { withSample, type MemorySample } from '../../../src/repository/memory/memory-samples.ts'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import { iterableReader } from '../../../src/readers/iterable.ts'
import { fakeClock, recordingWriter } from '../../../src/testing/index.ts'

describe('The rhythm of samples', () => {
  it('has one due after two seconds, and not before, however often it is asked', () => {
    let now = 0
    const { due } = sampleRhythm(() => now)
    expect(due()).to.equal(undefined)
    now = 1_999
    expect(due()).to.equal(undefined)
    now = 2_000
    expect(due()).to.deep.equal({ number: 1, keepEvery: 1, progress: null })
    expect(due()).to.equal(undefined)
    now = 3_999
    expect(due()).to.equal(undefined)
    now = 4_000
    expect(due()?.number).to.equal(2)
  })

  for (const pause of [2_000, 3_100, 250_000]) {
    it(`keeps at most 300 over days, evenly, with a chunk each ${pause / 1000} s`, () => {
      let now = 0
      const { due, last } = sampleRhythm(() => now)
      let kept: readonly MemorySample[] = []
      let most = 0
      for (; now < 3 * 86_400_000; now += pause) {
        const mark = due()
        if (mark === undefined) continue
        kept = withSample(kept, mark, NO_COUNTS, new Date(now))
        most = Math.max(most, kept.length)
      }
      kept = withSample(kept, last(), NO_COUNTS, new Date(now))
      expect(most)
        .to.be.at.most(MOST_SAMPLES)
        .and.at.least(MOST_SAMPLES / 2)
      const times = kept.slice(0, -1).map(({ sample }) => sample.at.getTime())
      const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0))
      expect(Math.max(...gaps)).to.be.at.most(2 * Math.min(...gaps))
      expect(times.at(-1)).to.be.greaterThan(now - 2 * Math.max(...gaps) - pause)
    })
  }

  it('goes on behind a mark whose commit has failed', () => {
    let now = 2_000
    const { due, last } = sampleRhythm(() => now - 2_000)
    now = 4_000
    expect(due()?.number).to.equal(1)
    now = 6_000
    expect(due()?.number).to.equal(2)
    expect(last().number).to.equal(3)
  })

  for (const [what, ask] of [
    [
      'throws',
      () => {
        throw new Error('no idea')
      },
    ],
    ['says nothing', () => undefined],
    ['says what is no number', () => ({ done: Number.NaN, total: 3, unit: 'items' as const })],
  ] as const) {
    it(`takes no harm of a reader whose progress ${what}`, () => {
      let now = 0
      const { due } = sampleRhythm(() => now)
      now = 2_000
      expect(due(ask)).to.deep.equal({ number: 1, keepEvery: 1, progress: null })
    })
  }

  it('leaves out a total that is none', () => {
    let now = 0
    const { due } = sampleRhythm(() => now)
    now = 2_000
    expect(due(() => ({ done: 3, total: Infinity, unit: 'items' }))?.progress).to.deep.equal({
      done: 3,
      unit: 'items',
    })
  })

  it('is that of a step: samples while it runs, and one at its end, a partition its own', async () => {
    const clock = fakeClock()
    const repository = memoryRepository({ clock })
    const later = async (item: number) => {
      await clock.advance(1_000)
      return item
    }
    const numbers = (count: number) =>
      iterableReader(() => Array.from({ length: count }, (_, index) => index))
    const job = defineJob({
      name: 'sampled',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk(
          { size: 1, overlap: false },
          { reader: numbers(5), processor: later, writer: recordingWriter<number>() },
        ),
        parts: step.partitioned(
          { size: 1, overlap: false, partitions: () => [{ name: 'a', value: 4 }] },
          {
            reader: ({ partition }) => numbers(partition.value),
            processor: (item) => later(item),
            writer: recordingWriter<number>(),
          },
        ),
      }),
    })
    await using batch = createBatch({ repository, jobs: [job], clock })
    const started = await batch.operator.start(job, {})
    const { execution } = await started.ended
    expect(execution.status).to.equal('COMPLETED')
    const reads = async (id = '') => (await batch.operator.listSamples(id)).map(({ readCount }) => readCount)
    const [load, parts] = execution.stepExecutions
    expect(await reads(load?.id)).to.deep.equal([2, 4, 5])
    const samples = await batch.operator.listSamples(load?.id ?? '')
    expect(samples.map(({ progress }) => progress)).to.deep.equal(
      [2, 4, 5].map((done) => ({ done, total: 5, unit: 'items' })),
    )
    expect(await reads(parts?.id)).to.deep.equal([4])
    const [part] = await batch.operator.listPartitionExecutions({ jobExecutionId: execution.id, limit: 10 })
    expect(await reads(part?.id)).to.deep.equal([2, 4, 4])
  })
})
