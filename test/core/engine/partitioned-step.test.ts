import { expect } from 'chai'
import type { StepFactory } from '../../../src/core/definition/step-factory.ts'
import { listPartitions, rangePartitions } from '../../../src/core/definition/partitioners.ts'
import type { RunOutcome } from '../../../src/core/engine/run-outcome.ts'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import type { StepExecution } from '../../../src/core/model/step-execution.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { listReader, listWriter, type ListWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

const ROWS = 100

type Steps = StepFactory<Record<string, never>>

describe('A partitioned step', () => {
  let repository: JobRepository
  let run: ReturnType<typeof testBatch>['run']

  beforeEach(() => {
    repository = memoryRepository()
    ;({ run } = testBatch(repository))
  })

  interface Load {
    readonly partitions?: () => ReturnType<typeof ranges>
    readonly concurrency?: number
    readonly processor?: (item: number, part: string) => unknown
    readonly writer?: ListWriter<unknown>
    readonly more?: Partial<Parameters<Steps['partitioned']>[0]>
  }
  const ranges = () => rangePartitions({ from: 0, to: ROWS - 1, parts: 4 })

  function load({ partitions = ranges, concurrency = 2, processor, writer = listWriter(), more }: Load) {
    return (step: Steps) => ({
      load: step.partitioned(
        { size: 10, partitions, concurrency, ...(more as object) },
        {
          reader: ({ partition: { value } }) =>
            listReader(numbers(ROWS).filter((n) => value.from <= n && n <= value.to)),
          processor: (item, { partition }) => processor?.(item, partition.name) ?? item,
          writer,
        },
      ),
    })
  }

  const sorted = (writer: ListWriter<unknown>) =>
    writer.chunks.flat().toSorted((one, other) => Number(one) - Number(other))

  async function steps({ execution }: RunOutcome): Promise<readonly StepExecution[]> {
    const { id } = execution
    const own = (await repository.findJobExecution(id))?.stepExecutions ?? []
    return [
      ...own,
      ...(await repository.partitions.listPartitionExecutions({ jobExecutionId: id, limit: 99 })),
    ]
  }

  const course = (executions: readonly StepExecution[]) =>
    executions.map(({ stepName, status, readCount }) => `${stepName} ${status} ${readCount}`).toSorted()

  it('reads every item once, each partition as a step execution of its own, and has the sums', async () => {
    const writer = listWriter()
    const outcome = await run(jobOf(load({ writer, processor: (n) => (n % 10 === 0 ? FILTERED : n) })))
    expect(outcome.execution.status).to.equal('COMPLETED')
    expect(sorted(writer)).to.deep.equal(numbers(ROWS).filter((n) => n % 10 !== 0))
    const [manager, ...parts] = await steps(outcome)
    expect(manager).to.include({ stepName: 'load', readCount: 100, writeCount: 90, filterCount: 10 })
    expect(course(parts)).to.deep.equal([1, 2, 3, 4].map((n) => `load:part${n} COMPLETED 25`))
    expect(parts.map(({ partition }) => partition?.name)).to.have.members(ranges().map(({ name }) => name))
  })

  it('works on as many partitions at a time as it may, and no more', async () => {
    let atWork = 0
    let most = 0
    const writer = listWriter({
      onWrite: async () => {
        most = Math.max(most, (atWork += 1))
        await new Promise((resolve) => setTimeout(resolve, 5))
        atWork -= 1
      },
    })
    await run(jobOf(load({ writer, concurrency: 3 })))
    expect(most).to.equal(3)
  })

  it('fails when a partition has failed, names it, and lets the others finish', async () => {
    const writer = listWriter()
    const fail = (n: number) => {
      if (n === 40) throw new Error('bad item 40')
      return n
    }
    const outcome = await run(jobOf(load({ writer, processor: fail })))
    expect(outcome.execution.status).to.equal('FAILED')
    if (!isBatchError(outcome.error, 'PARTITIONS_FAILED'))
      throw new Error('another', { cause: outcome.error })
    expect(outcome.error.message).to.contain('1 of 4').and.contain('part2').and.contain('bad item 40')
    const executions = await steps(outcome)
    expect(course(executions)).to.deep.equal([
      'load FAILED 85',
      'load:part1 COMPLETED 25',
      'load:part2 FAILED 10',
      'load:part3 COMPLETED 25',
      'load:part4 COMPLETED 25',
    ])
  })

  it('begins no further partition after a failure where it shall fail fast', async () => {
    const fail = () => {
      throw new Error('bad')
    }
    const outcome = await run(jobOf(load({ processor: fail, concurrency: 1, more: { failFast: true } })))
    expect(course(await steps(outcome))).to.deep.equal(['load FAILED 0', 'load:part1 FAILED 0'])
  })

  it('runs on a restart only what is not complete, from its checkpoint, by the stored plan', async () => {
    const writer = listWriter()
    let asked = 0
    let broken = true
    const definition = load({
      writer,
      partitions: () => rangePartitions({ from: 0, to: ROWS - 1, parts: asked++ === 0 ? 4 : 9 }),
      processor: (n) => {
        if (broken && n === 45) throw new Error('bad item 45')
        return n
      },
    })
    await run(jobOf(definition))
    broken = false
    const outcome = await run(jobOf(definition))
    expect(outcome.execution.status).to.equal('COMPLETED')
    expect(asked).to.equal(1)
    expect(course(await steps(outcome))).to.deep.equal(['load COMPLETED 5', 'load:part2 COMPLETED 5'])
    expect(sorted(writer)).to.deep.equal(numbers(ROWS))
  })

  it('stops its partitions with it, and a restart goes on with them', async () => {
    const writer = listWriter()
    const stop = new AbortController()
    const definition = load({
      writer,
      processor: (n) => {
        if (n === 5) stop.abort()
        return n
      },
    })
    const stopped = await run(jobOf(definition), { signal: stop.signal })
    expect(stopped.execution.status).to.equal('STOPPED')
    expect((await steps(stopped)).map(({ status }) => status)).to.not.include('STARTED')
    const outcome = await run(jobOf(definition))
    expect(outcome.execution.status).to.equal('COMPLETED')
    expect(sorted(writer)).to.deep.equal(numbers(ROWS))
  })

  it('hands each partition its own value and nothing of another', async () => {
    const seen: Record<string, Set<string>> = {}
    const items = ['a', 'b', 'c'].map((file) => ({ file, lines: numbers(20).map((n) => `${file}${n}`) }))
    const job = jobOf((step) => ({
      load: step.partitioned(
        {
          size: 5,
          concurrency: 3,
          partitions: () => listPartitions(items, ({ file }) => `of ${file}`),
        },
        {
          reader: ({ partition }) => listReader(partition.value.lines),
          processor: (line, { partition, stepContext }) => {
            stepContext.set('file', partition.value.file)
            return line
          },
          writer: ({ partition, stepContext }) =>
            listWriter<string>({
              onWrite: (lines) => {
                const mine = (seen[partition.value.file] ??= new Set())
                for (const line of lines) mine.add(line)
                expect(stepContext.get('file')).to.equal(partition.value.file)
              },
            }),
        },
      ),
    }))
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    for (const { file, lines } of items) expect([...(seen[file] ?? [])]).to.deep.equal(lines)
  })

  it('aggregates once when all are complete, with counts and contexts over all executions', async () => {
    const sums: unknown[] = []
    let broken = true
    const job = jobOf((step) => ({
      load: step.partitioned(
        {
          size: 10,
          partitions: () => rangePartitions({ from: 0, to: 39, parts: 2 }),
          aggregate: ({ partitions, stepContext }) => {
            sums.push(
              partitions.map(({ name, counts, context, value }) => [
                name,
                counts.writeCount,
                context,
                value.to,
              ]),
            )
            if (broken) throw new Error('no aggregation')
            stepContext.set('aggregated', true)
          },
        },
        {
          reader: ({ partition: { value } }) => listReader(numbers(40).slice(value.from, value.to + 1)),
          processor: (n, { stepContext }) => {
            stepContext.set('sum', Number(stepContext.get('sum') ?? 0) + n)
            return n
          },
          writer: listWriter(),
        },
      ),
    }))
    expect((await run(job)).execution.status).to.equal('FAILED')
    broken = false
    const outcome = await run(job)
    expect(outcome.execution.status).to.equal('COMPLETED')
    const expected = [
      ['part1', 20, { sum: 190 }, 19],
      ['part2', 20, { sum: 590 }, 39],
    ]
    expect(sums).to.deep.equal([expected, expected])
    expect(course(await steps(outcome))).to.deep.equal(['load COMPLETED 0'])
  })

  it('of a job that is a step of another is aggregated by the restart of that one, and reads nothing again', async () => {
    const writer = listWriter<unknown>()
    const sums: number[] = []
    let broken = true
    const aggregate = ({
      partitions,
    }: {
      readonly partitions: readonly { counts: { writeCount: number } }[]
    }) => {
      if (broken) throw new Error('no aggregation')
      sums.push(partitions.reduce((sum, { counts }) => sum + counts.writeCount, 0))
    }
    const child = jobOf(load({ writer, more: { aggregate } }), { name: 'child' })
    const parent = jobOf((step) => ({
      books: step.job(child, { parameters: () => ({}) }),
      last: step.tasklet(() => {}),
    }))
    const failed = await run(parent)
    expect(isBatchError(failed.error, 'JOB_STEP_FAILED'), String(failed.error)).to.equal(true)
    broken = false
    const outcome = await run(parent)
    expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
    expect(sums).to.deep.equal([ROWS])
    expect(sorted(writer)).to.deep.equal(numbers(ROWS))
  })

  it('does not aggregate again when it died after that was committed', async () => {
    let aggregated = 0
    const dying: JobRepository = {
      ...repository,
      beginStep: async (claim, begin) => {
        const session = await repository.beginStep(claim, begin)
        return { ...session, end: () => Promise.reject(new Error('killed before the end was recorded')) }
      },
    }
    const definition = load({ more: { aggregate: () => void (aggregated += 1) } })
    await testBatch(dying).run(jobOf(definition))
    const outcome = await run(jobOf(definition))
    expect(outcome.execution.status).to.equal('COMPLETED')
    expect(aggregated).to.equal(1)
    expect(course(await steps(outcome))).to.deep.equal(['load COMPLETED 0'])
  })

  it('combines exit codes of its partitions, and calls the listeners of both', async () => {
    const calls: string[] = []
    const job = jobOf((step) => ({
      load: step.partitioned(
        {
          size: 10,
          partitions: () => listPartitions([1, 2]),
          concurrency: 1,
          listeners: [
            { afterStep: ({ stepName, readCount }) => void calls.push(`${stepName} ${readCount}`) },
          ],
        },
        {
          reader: ({ partition }) => listReader([1, 2, 3].map((n) => n * partition.value)),
          writer: listWriter(),
          listeners: [
            {
              afterStep: ({ stepName }) => {
                calls.push(stepName)
                return stepName.endsWith('2') ? exitStatus('COMPLETED WITH CARE') : undefined
              },
            },
          ],
        },
      ),
    }))
    const { execution } = await run(job)
    expect(execution.exitStatus.exitCode).to.equal('COMPLETED WITH CARE')
    expect(calls).to.deep.equal(['load:part1', 'load:part2', 'load 6'])
  })

  it('tells observers its sums, and how many partitions are done', async () => {
    const told: string[] = []
    await run(jobOf(load({ concurrency: 1 })), {
      observer: {
        stepStarted: ({ stepName }) => told.push(`${stepName} started`),
        stepProgressed: ({ stepName, readCount }, progress) =>
          told.push(`${stepName} ${readCount} ${progress?.done}/${progress?.total} ${progress?.unit}`),
        stepEnded: ({ stepName, readCount }) => told.push(`${stepName} ended ${readCount}`),
      },
    })
    expect(told[0]).to.equal('load started')
    expect(told.slice(-2)).to.deep.equal(['load 100 4/4 partitions', 'load ended 100'])
    expect(told.every((line) => line.startsWith('load '))).to.equal(true)
  })

  it('refuses names that are too long or taken twice, and stores nothing', async () => {
    for (const name of ['x'.repeat(96), 'ü'.repeat(200), '', 'part1']) {
      const partitions = () => [...ranges(), { name, value: { from: 1, to: 2 } }]
      const outcome = await run(jobOf(load({ partitions })))
      expect(isBatchError(outcome.error, 'INVALID_JOB_DEFINITION'), String(outcome.error)).to.equal(true)
      expect((await steps(outcome)).length).to.equal(1)
    }
  })

  it('refuses a plan that is none, and values that cannot be stored, and names them', async () => {
    const plans: readonly (readonly [unknown, string])[] = [
      [undefined, 'its partitions are undefined'],
      [{ part1: 1 }, 'its partitions are object'],
      ['part1', 'its partitions are string'],
      [[{ value: 1 }], "'undefined' is no name"],
      [[{ name: 'a', value: undefined }], 'partition a'],
      [[{ name: 'a', value: { when: new Date() } }], 'partition a.when'],
      [[{ name: 'a', value: 'x'.repeat(1_000_001) }], "'a' has a value of about 1000001 bytes"],
      [
        Array.from({ length: 120 }, (_, n) => ({ name: `n${n}`, value: 'x'.repeat(900_000) })),
        "takes the plan's values beyond 100000000 bytes",
      ],
    ]
    for (const [plan, words] of plans) {
      const outcome = await run(jobOf(load({ partitions: () => plan as ReturnType<typeof ranges> })))
      expect(isBatchError(outcome.error, 'INVALID_JOB_DEFINITION'), String(outcome.error)).to.equal(true)
      expect(String(outcome.error)).to.contain(words)
      expect((await steps(outcome)).length).to.equal(1)
    }
  })

  it('fails with what its partitioner throws, and is planned by a restart', async () => {
    let broken = true
    const partitions = () => {
      if (broken) throw new Error('no files yet')
      return ranges()
    }
    const failed = await run(jobOf(load({ partitions })))
    expect(String(failed.error)).to.contain('no files yet')
    broken = false
    expect((await run(jobOf(load({ partitions })))).execution.status).to.equal('COMPLETED')
  })

  it('begins nothing when it is stopped while it is planned, and a restart works on the plan', async () => {
    const stop = new AbortController()
    let asked = 0
    const definition = load({
      partitions: () => {
        asked += 1
        stop.abort()
        return ranges()
      },
    })
    const stopped = await run(jobOf(definition), { signal: stop.signal })
    expect(stopped.execution.status).to.equal('STOPPED')
    expect(course(await steps(stopped))).to.deep.equal(['load STOPPED 0'])
    const outcome = await run(jobOf(definition))
    expect(outcome.execution.status).to.equal('COMPLETED')
    expect(asked).to.equal(1)
  })

  describe('that skips', () => {
    const bad = new Set<number>()
    const skipping = (
      limit: number | { readonly share: number },
      writer = listWriter<unknown>(),
      concurrency = 1,
    ) =>
      load({
        writer,
        concurrency,
        more: { skip: { on: Error, limit } },
        processor: (n) => {
          if (bad.has(n)) throw new Error(`bad item ${n}`)
          return n
        },
      })

    beforeEach(() => bad.clear())

    it('fails when its partitions have skipped more in all than it may, and begins no further one', async () => {
      for (const n of [3, 30, 31, 60]) bad.add(n)
      const outcome = await run(jobOf(skipping(2)))
      if (!isBatchError(outcome.error, 'SKIP_LIMIT_EXCEEDED'))
        throw new Error('another', { cause: outcome.error })
      expect(outcome.error.message).to.contain('Step load has passed its skip limit of 2: 3 of')
      expect(course(await steps(outcome))).to.deep.equal([
        'load FAILED 50',
        'load:part1 COMPLETED 25',
        'load:part2 COMPLETED 25',
      ])
    })

    it('is refused a restart with the same limit before a partition is begun, and completes with a higher one', async () => {
      for (const n of [3, 30, 31, 60]) bad.add(n)
      const writer = listWriter<unknown>()
      await run(jobOf(skipping(2, writer)))
      const refused = await run(jobOf(skipping(2, writer)))
      expect(isBatchError(refused.error, 'SKIP_LIMIT_EXCEEDED')).to.equal(true)
      expect(course(await steps(refused))).to.deep.equal(['load FAILED 0'])
      const outcome = await run(jobOf(skipping(4, writer)))
      expect(outcome.execution.status, String(outcome.error)).to.equal('COMPLETED')
      expect(sorted(writer)).to.deep.equal(numbers(ROWS).filter((n) => !bad.has(n)))
    })

    it('never completes over its limit, however many partitions skip at the same time', async () => {
      for (const n of [3, 30, 60, 90]) bad.add(n)
      const outcome = await run(jobOf(skipping(3, listWriter(), 4)))
      expect(isBatchError(outcome.error, 'SKIP_LIMIT_EXCEEDED'), String(outcome.error)).to.equal(true)
    })

    it('completes at its limit', async () => {
      for (const n of [3, 30, 60, 90]) bad.add(n)
      expect((await run(jobOf(skipping(4)))).execution.status).to.equal('COMPLETED')
    })

    it('judges a share in each partition', async () => {
      for (const n of [3, 4]) bad.add(n)
      const outcome = await run(jobOf(skipping({ share: 0.05 })))
      expect(String(outcome.error)).to.contain('part1').and.contain('5 %')
    })
  })

  it('is complete without partitions', async () => {
    const outcome = await run(jobOf(load({ partitions: () => [] })))
    expect(outcome.execution.status).to.equal('COMPLETED')
  })

  it('refuses worker processes that nobody can start, and says what to do', async () => {
    const outcome = await run(jobOf(load({ more: { processes: 2 } })))
    expect(isBatchError(outcome.error, 'INVALID_CONFIGURATION')).to.equal(true)
    expect(String(outcome.error)).to.contain('cannot be reached from another process')
  })

  it("does not let a partition change the job's context", async () => {
    const job = jobOf((step) => ({
      load: step.partitioned(
        { size: 1, partitions: () => listPartitions([1]) },
        {
          reader: ({ partition }) => listReader([partition.value]),
          processor: (n, { jobContext }) => {
            jobContext.set('last', n)
            return n
          },
          writer: listWriter(),
        },
      ),
    }))
    expect(String((await run(job)).error)).to.contain("set last in the job's context")
  })
})
