import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { type Batch, createBatch } from '../../../src/create-batch.ts'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import type { StepScope } from '../../../src/core/definition/callback-scope.ts'
import type { ChunkStepListener } from '../../../src/core/definition/step-definition.ts'
import { type BatchError, isBatchError } from '../../../src/core/model/batch-error.ts'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import type { ItemReader, Page } from '../../../src/core/ports/item-reader.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { ItemWriter } from '../../../src/core/ports/item-writer.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { type MemoryTable, memoryTable } from '../../../src/testing/memory-table.ts'

interface Faults {
  /** Records that are no items. */
  readonly read: Set<string>
  readonly process: Set<number>
  readonly write: Set<number>
}

/** Items are the numbers of the records; each is read, processed and written unless it is named as faulty. */
function textReader(records: readonly string[], faults: Faults, parses: boolean): ItemReader<number> {
  const parse = (raw: string) =>
    faults.read.has(raw) ? { error: new SyntaxError(`${raw} is no number`) } : { item: Number(raw) }
  return {
    kind: 'text',
    description: 'records',
    open: async ({ from }) => {
      let next = from === undefined ? 0 : Number(from)
      return {
        read: async (limit): Promise<Page<number> | undefined> => {
          if (next >= records.length) return undefined
          const start = next
          const items: number[] = []
          const page = {
            items,
            checkpointAfter: (index: number) => start + index + 1,
            positionOf: (index: number) => ({ record: start + index }),
          }
          while (items.length < limit && next < records.length) {
            const raw = records[next++] as string
            const parsed = parse(raw)
            const position = { record: next - 1 }
            if ('error' in parsed)
              return { ...page, fault: { error: parsed.error, raw, position, checkpointAfter: next } }
            items.push(parsed.item)
          }
          return page
        },
        close: async () => {},
      }
    },
    ...(parses && {
      openParser: async () => ({ parse: async (raw: string) => parse(raw), close: async () => {} }),
    }),
  }
}

interface Doubled {
  readonly doubled: number
}

describe('A redrive', () => {
  let repository: JobRepository
  let faults: Faults
  let table: MemoryTable<Doubled>
  let processed: number[]
  let scopes: StepScope<unknown>[]
  let parses: boolean
  let publishes: ((scope: StepScope<unknown>) => string) | undefined
  let heard: string[]
  /** Chunks that are written until the power is out. */
  let power: number

  beforeEach(() => {
    repository = memoryRepository()
    faults = { read: new Set(['3']), process: new Set([5]), write: new Set([7]) }
    table = memoryTable()
    processed = []
    scopes = []
    parses = true
    publishes = undefined
    heard = []
    power = Infinity
  })

  const writer = (scope: StepScope<unknown>): ItemWriter<Doubled> => ({
    ...table.writer,
    ...(publishes && { publishes: publishes(scope) }),
    open: async (writerScope) => {
      const sink = await table.writer.open(writerScope)
      return {
        ...sink,
        write: async (rows, transaction) => {
          const bad = rows.find(({ doubled }) => faults.write.has(doubled / 2))
          if (bad !== undefined) throw new TypeError(`${bad.doubled} is refused`)
          if (power === 0) throw new Error('the power is out')
          power -= 1
          await sink.write(rows, transaction)
        },
      }
    },
  })

  const listener: ChunkStepListener<number, { readonly doubled: number }> = {
    afterRead: (item) => heard.push(`read ${item}`),
    beforeProcess: (item) => heard.push(`process ${item}`),
    beforeChunk: ({ items, outputs }) => {
      heard.push(`chunk [${items.join(' ')}] of ${outputs.length}`)
    },
  }

  const records = Array.from({ length: 10 }, (_, index) => String(index))
  const job = defineJob({
    name: 'double',
    parameters: z.object({ day: z.string() }),
    steps: (step) => ({
      first: step.tasklet(({ jobContext }) => jobContext.set('factor', 2)),
      load: step.chunk(
        { size: 4, retry: false, skip: { on: [SyntaxError, RangeError, TypeError], limit: 100 } },
        {
          reader: () => textReader(records, faults, parses),
          processor: (item, scope) => {
            scopes.push(scope)
            processed.push(item)
            if (faults.process.has(item)) throw new RangeError(`${item} is too odd`)
            return item === 9 ? FILTERED : { doubled: item * Number(scope.jobContext.get('factor')) }
          },
          writer,
          listeners: [listener],
        },
      ),
      last: step.tasklet(() => void heard.push('last')),
    }),
  })

  const batchOf = (): Batch => createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
  const written = () =>
    table
      .rows()
      .map(({ doubled }) => doubled / 2)
      .toSorted((one, other) => one - other)

  async function originOf(batch: Batch): Promise<string> {
    const { execution } = await (await batch.operator.start(job, { day: 'monday' })).ended
    expect(execution.status).to.equal('COMPLETED')
    expect(written()).to.deep.equal([0, 1, 2, 4, 6, 8])
    for (const list of [processed, scopes, heard]) list.length = 0
    return execution.id
  }

  async function refusal(action: Promise<unknown>): Promise<BatchError> {
    const error = await action.catch((thrown: unknown) => thrown)
    if (!isBatchError(error)) throw new Error('no BatchError', { cause: error })
    return error
  }

  it('runs the items that were skipped, each from its phase, and nothing else', async () => {
    const { operator } = batchOf()
    const origin = await originOf(batchOf())
    faults.read.clear()
    faults.process.clear()
    faults.write.clear()
    const started = await operator.redrive(origin)
    const { execution } = await started.ended
    expect(started.items).to.equal(3)
    expect(execution.status).to.equal('COMPLETED')
    expect(written()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])
    expect(processed, 'the output that was refused is not processed again').to.deep.equal([3, 5])
    expect(execution.stepExecutions.map(({ stepName }) => stepName)).to.deep.equal(['load'])
    expect(execution.stepExecutions[0]).to.include({ readCount: 3, writeCount: 3, filterCount: 0 })
    const open = await operator.listQuarantine({ which: 'open', limit: 10 })
    expect(open).to.deep.equal([])
  })

  it('is an instance of its own, which names its batch, and leaves the origin alone', async () => {
    const { operator } = batchOf()
    const origin = await operator.findJobExecution(await originOf(batchOf()))
    const { batchId, ended } = await operator.redrive(origin.id)
    const { execution } = await ended
    expect(execution.jobInstance.id).to.not.equal(origin.jobInstance.id)
    expect(execution.jobParameters).to.deep.equal([
      { name: 'day', type: 'java.lang.String', text: 'monday', identifying: true },
      { name: 'batchwright.redrive', type: 'java.lang.Long', text: batchId, identifying: true },
    ])
    expect(scopes[0]?.parameters).to.deep.equal({ day: 'monday' })
    expect(scopes[0]?.redrive).to.deep.equal({ batchId, originJobExecutionId: origin.id })
    expect(await operator.findJobExecution(origin.id)).to.deep.equal(origin)
    expect((await refusal(operator.start(job, { day: 'monday' }))).code).to.equal(
      'JOB_INSTANCE_ALREADY_COMPLETE',
    )
    const [redrive] = (await operator.quarantineOf(origin.id)).redrives
    expect(redrive).to.include({ id: batchId, jobExecutionId: execution.id, status: 'COMPLETED' })
  })

  it('quarantines anew what fails again, and knows it again', async () => {
    const { operator } = batchOf()
    const origin = await originOf(batchOf())
    faults.read.clear()
    const redrive = await operator.redrive(origin)
    const { execution } = await redrive.ended
    expect(execution.stepExecutions[0]).to.include({ writeCount: 1, processSkipCount: 1, writeSkipCount: 1 })
    const again = await operator.listQuarantine({ jobExecutionId: execution.id, limit: 10 })
    const before = await operator.listQuarantine({ jobExecutionId: origin, limit: 10 })
    const beforeOf = (phase: string) => before.find((entry) => entry.phase === phase)
    expect(again.map(({ phase, former, position }) => ({ phase, former, position }))).to.have.deep.members(
      ['process', 'write'].map((phase) => ({
        phase,
        former: beforeOf(phase)?.id,
        position: beforeOf(phase)?.position,
      })),
    )
    expect(before.map(({ redrive: dealt }) => dealt?.state)).to.deep.equal(['done', 'done', 'done'])
    faults.process.clear()
    faults.write.clear()
    await (
      await operator.redrive(execution.id)
    ).ended
    expect(written()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('that fails is restarted, goes on behind what it has dealt with, and is not run twice at once', async () => {
    const { operator } = batchOf()
    for (const item of [0, 1, 2, 4, 6, 8]) faults.write.add(item)
    const { execution: origin } = await (await operator.start(job, { day: 'tuesday' })).ended
    expect(written()).to.deep.equal([])
    for (const set of Object.values(faults) as Set<unknown>[]) set.clear()
    power = 1
    const failed = await (await operator.redrive(origin.id)).ended
    expect(failed.execution.status).to.equal('FAILED')
    expect(written().length).to.equal(4)
    const refused = await refusal(operator.redrive(origin.id))
    expect(refused.code).to.equal('NOTHING_TO_REDRIVE')
    expect(refused.message).to.contain(`execution ${failed.execution.id} redrives them`)
    power = Infinity
    const restarted = await (await operator.restart(failed.execution.id)).ended
    expect(restarted.execution.status).to.equal('COMPLETED')
    expect(restarted.execution.jobInstance.id).to.equal(failed.execution.jobInstance.id)
    expect(written()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])
    const counts = await repository.quarantine.listBatches(origin.id)
    expect(counts[0]?.steps).to.deep.equal([{ stepName: 'load', items: 9, done: 9 }])
  })

  it('tells its listeners of items, and not of outputs that were made before', async () => {
    const origin = await originOf(batchOf())
    for (const set of Object.values(faults) as Set<unknown>[]) set.clear()
    await (
      await batchOf().operator.redrive(origin)
    ).ended
    expect(heard).to.deep.equal(['read 3', 'read 5', 'process 3', 'process 5', 'chunk [3 5] of 3'])
  })

  it('takes what is selected', async () => {
    const { operator } = batchOf()
    const origin = await originOf(batchOf())
    faults.process.clear()
    const { items, ended } = await operator.redrive(origin, { phase: 'process', errorType: 'RangeError' })
    await ended
    expect(items).to.equal(1)
    expect(written()).to.include(5)
    expect((await refusal(operator.redrive(origin, { phase: 'process' }))).message).to.contain(
      'No item of it waits in the quarantine',
    )
  })

  it('is planned before anything is changed, with what is in the way', async () => {
    const { operator } = batchOf()
    const origin = await originOf(batchOf())
    parses = false
    const plan = await operator.planRedrive({ jobName: 'double' })
    expect(plan).to.deep.equal([
      {
        jobName: 'double',
        jobExecutionId: origin,
        parts: [
          {
            stepName: 'load',
            phase: 'read',
            items: 1,
            obstacle: 'the reader (records) makes no items of single records',
          },
          { stepName: 'load', phase: 'process', items: 1, obstacle: undefined },
          { stepName: 'load', phase: 'write', items: 1, obstacle: undefined },
        ],
      },
    ])
    const { items, ended } = await operator.redrive(origin)
    await ended
    expect(items).to.equal(2)
    const left = await operator.planRedrive({ jobExecutionId: origin })
    expect(left[0]?.parts.map(({ phase }) => phase)).to.deep.equal(['read'])
  })

  it('is refused where the writer would replace what the origin has published, unless it publishes elsewhere', async () => {
    const { operator } = batchOf()
    const origin = await originOf(batchOf())
    publishes = () => 'report.csv'
    const refused = await refusal(operator.redrive(origin))
    expect(refused.code).to.equal('NOTHING_TO_REDRIVE')
    expect(refused.message).to.contain('it would replace report.csv')
    publishes = ({ redrive }) => (redrive === undefined ? 'report.csv' : `report-${redrive.batchId}.csv`)
    for (const set of Object.values(faults) as Set<unknown>[]) set.clear()
    await (
      await operator.redrive(origin)
    ).ended
    expect(written()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('runs items of partitions with the partition that they came from, also when they fail again', async () => {
    const seen: unknown[] = []
    const parts = defineJob({
      name: 'parts',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.partitioned(
          {
            size: 2,
            partitions: () => [
              { name: 'a', value: 5 },
              { name: 'b', value: 8 },
            ],
            skip: { on: RangeError, limit: 9 },
          },
          {
            reader: ({ partition }) =>
              textReader([String(partition.value)], { ...faults, read: new Set() }, true),
            processor: (item, { partition }) => {
              if (faults.process.has(item)) throw new RangeError(`${item} is too odd`)
              seen.push(partition)
              return { doubled: item * 2 }
            },
            writer: table.writer,
          },
        ),
      }),
    })
    const { operator } = createBatch({ repository, jobs: [parts], logger: pino({ level: 'silent' }) })
    const { execution } = await (await operator.start(parts, {})).ended
    expect(written()).to.deep.equal([8])
    const again = await (await operator.redrive(execution.id)).ended
    expect(again.execution.stepExecutions.map(({ stepName }) => stepName)).to.deep.equal(['load:a'])
    faults.process.clear()
    const done = await (await operator.redrive(again.execution.id)).ended
    expect(done.execution.status).to.equal('COMPLETED')
    expect(written()).to.deep.equal([5, 8])
    expect(seen.at(-1)).to.deep.equal({ name: 'a', value: 5 })
  })

  it('runs the steps in the order of the job, one after the other', async () => {
    const failing = { read: new Set<string>(), process: new Set([5]), write: new Set<number>() }
    const ran: string[] = []
    const load = (name: string) => ({
      reader: () => textReader(['5', '6'], failing, true),
      processor: (item: number) => {
        if (failing.process.has(item)) throw new RangeError(`${item} is too odd`)
        ran.push(name)
        return { doubled: item }
      },
      writer: table.writer,
    })
    const skip = { on: RangeError, limit: 9 } as const
    const two = defineJob({
      name: 'two',
      parameters: z.object({}),
      steps: (step) => ({
        zeroth: step.chunk({ size: 2, skip }, load('zeroth')),
        first: step.chunk({ size: 2, skip }, load('first')),
      }),
    })
    const { operator } = createBatch({ repository, jobs: [two], logger: pino({ level: 'silent' }) })
    const { execution } = await (await operator.start(two, {})).ended
    failing.process.clear()
    ran.length = 0
    await (
      await operator.redrive(execution.id)
    ).ended
    expect(ran).to.deep.equal(['zeroth', 'first'])
  })

  it('leaves the items of steps that are gone, and says so', async () => {
    const origin = await originOf(batchOf())
    const without = defineJob({
      name: 'double',
      parameters: z.object({ day: z.string() }),
      steps: (step) => ({ other: step.tasklet(() => {}) }),
    })
    const { operator } = createBatch({ repository, jobs: [without], logger: pino({ level: 'silent' }) })
    const refused = await refusal(operator.redrive(origin))
    expect(refused.message).to.contain('job double has no chunk step load')
  })

  it('of an execution that has quarantined nothing is refused', async () => {
    for (const set of Object.values(faults) as Set<unknown>[]) set.clear()
    const { operator } = batchOf()
    const { execution } = await (await operator.start(job, { day: 'friday' })).ended
    expect((await refusal(operator.redrive(execution.id))).code).to.equal('NOTHING_TO_REDRIVE')
    expect((await refusal(operator.redrive('999'))).code).to.equal('NO_SUCH_JOB_EXECUTION')
    expect((await refusal(operator.findQuarantined('999'))).code).to.equal('NO_SUCH_QUARANTINED_ITEM')
  })
})
