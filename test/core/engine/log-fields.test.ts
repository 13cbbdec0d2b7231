import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { type AnyJob, createBatch, defineJob, memoryRepository } from '../../../src/index.ts'
import { iterableReader } from '../../../src/readers/iterable.ts'
import { recordingWriter } from '../../../src/testing/index.ts'

interface Line {
  readonly job?: string
  readonly execution?: string
  readonly step?: string
  readonly partition?: string
  readonly msg: string
}

const numbers = (count: number) => iterableReader(() => Array.from({ length: count }, (_, index) => index))

describe('A line of the log', () => {
  async function linesOf(...jobs: readonly AnyJob[]) {
    const raw: string[] = []
    const logger = pino({ level: 'trace' }, { write: (line: string) => void raw.push(line) })
    await using batch = createBatch({ repository: memoryRepository(), jobs, logger })
    const { ended } = await batch.operator.startByName(jobs[0]?.name ?? '', {})
    const { execution } = await ended
    return { raw, lines: raw.map((line) => JSON.parse(line) as Line), id: execution.id }
  }

  const whole = defineJob({
    name: 'whole',
    parameters: z.object({}),
    listeners: [
      {
        beforeJob: (_, { logger }) => logger.info('before the job'),
        afterJob: (_, { logger }) => logger.info('after the job'),
      },
    ],
    steps: (step) => ({
      prepare: step.tasklet(({ logger }) => logger.info('tasklet')),
      load: step.chunk(
        {
          size: 2,
          skip: { on: [RangeError], limit: 1 },
          retry: { on: [TypeError], attempts: 2 },
        },
        {
          reader: {
            ...numbers(3),
            open: async (scope) => {
              scope.logger.info('open')
              return numbers(3).open(scope)
            },
          },
          processor: (item, { logger }) => {
            logger.info('process')
            if (item === 1) throw new RangeError('skipped')
            if (item === 2 && failures++ === 0) throw new TypeError('tried again')
            return item
          },
          writer: {
            ...recordingWriter<number>(),
            open: async ({ logger }) => ({
              write: async () => logger.info('write'),
              close: async () => {},
            }),
          },
          listeners: [{ beforeStep: (_, { logger }) => logger.info('before the step') }],
        },
      ),
      parts: step.partitioned(
        { size: 5, partitions: () => ['a', 'b'].map((name) => ({ name, value: name })) },
        {
          reader: ({ partition: { value } }) => numbers(value.length),
          processor: (item, { logger, partition }) => {
            logger.info(`item of ${partition.name}`)
            if (partition.name === 'b') throw new Error('planned')
            return item
          },
          writer: recordingWriter<number>(),
        },
      ),
    }),
  })
  let failures = 0
  beforeEach(() => {
    failures = 0
  })

  it('carries job and execution, and the step while one is at work', async () => {
    const { lines, id } = await linesOf(whole)
    for (const line of lines) expect(line, line.msg).to.include({ job: 'whole', execution: id })
    const stepOf = (text: string) => lines.filter(({ msg }) => msg.includes(text)).map(({ step }) => step)
    for (const text of ['open', 'process', 'write', 'before the step', 'skipped', 'attempt 1 of 2'])
      expect(new Set(stepOf(text)), text).to.deep.equal(new Set(['load']))
    expect(stepOf('tasklet')).to.deep.equal(['prepare'])
    expect(stepOf('the job')).to.deep.equal([undefined, undefined])
    expect(lines.every(({ step, msg }) => step !== undefined || msg.includes('the job'))).to.equal(true)
  })

  it('carries the partition beside the step that was partitioned', async () => {
    const { lines } = await linesOf(whole)
    const ofParts = lines.filter(({ step }) => step === 'parts')
    const partitionOf = (text: string) =>
      ofParts.filter(({ msg }) => msg.includes(text)).map((line) => line.partition)
    expect(partitionOf('item of a')).to.deep.equal(['a'])
    expect(partitionOf('item of b')).to.deep.equal(['b'])
    expect(partitionOf('step parts:b failed')).to.deep.equal(['b'])
    expect(partitionOf('step parts failed')).to.deep.equal([undefined])
  })

  it('says each of them once', async () => {
    const { raw } = await linesOf(whole)
    for (const field of ['job', 'execution', 'step', 'partition'])
      for (const line of raw) expect(line.split(`"${field}":`).length, line).to.be.at.most(2)
  })
})
