import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import type { StepCounts } from '../../../src/core/model/step-execution.ts'
import { FILTERED } from '../../../src/core/model/filtered.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { PreviousStep } from '../../../src/core/ports/launch.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

describe('The reconciliation at the end of a chunk step', () => {
  const importOf = (failAt?: number) =>
    jobOf((step) => ({
      load: step.chunk(
        { size: 3, retry: false },
        {
          reader: listReader(numbers(10), failAt === undefined ? {} : { failAt }),
          processor: (item) => (item === 4 ? FILTERED : item),
          writer: listWriter<number>(),
        },
      ),
    }))

  it('is recorded with its sums, over all executions of the instance', async () => {
    const { run, repository } = testBatch()
    const failed = await run(importOf(7))
    expect(failed.execution.stepExecutions[0]?.reconciliation, 'nothing to be reconciled').to.equal(undefined)
    const { execution } = await run(importOf())
    expect(execution.stepExecutions[0]).to.include({ readCount: 4 })
    const expected = {
      isBalanced: true,
      totals: {
        readCount: 10,
        writeCount: 9,
        filterCount: 1,
        processSkipCount: 0,
        writeSkipCount: 0,
        readSkipCount: 0,
      },
    }
    expect(execution.stepExecutions[0]?.reconciliation).to.deep.equal(expected)
    const [recorded] = (await repository.findJobExecution(execution.id))?.stepExecutions ?? []
    expect(recorded?.reconciliation).to.deep.equal(expected)
  })

  it('is seen by listeners and decisions, so that a restart decides as an undisturbed run', async () => {
    const seen: (number | undefined)[] = []
    let failing = new Set([7])
    const job = jobOf(
      (step) => ({
        load: step.chunk(
          { size: 3, retry: false },
          {
            reader: listReader(numbers(10)),
            processor: (item) => {
              if (failing.has(item)) throw new Error(`${item} is broken`)
              return item
            },
            writer: listWriter<number>(),
            listeners: [
              { afterStep: ({ reconciliation }) => void seen.push(reconciliation?.totals.readCount) },
            ],
          },
        ),
        after: step.tasklet(() => {
          if (failing.has(100)) throw new Error('after is broken')
        }),
      }),
      {
        flow: ({ flow, decide }) =>
          flow('load', {
            load: 'size',
            size: decide(
              ({ stepExecution }) => {
                seen.push(stepExecution?.reconciliation?.totals.readCount)
                return 'ANY'
              },
              { ANY: 'after' },
            ),
          }),
      },
    )
    const { run } = testBatch()
    await run(job)
    failing = new Set([100])
    await run(job)
    failing = new Set()
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    // The first execution failed, the second read the rest, the third passed the step.
    expect(seen).to.deep.equal([undefined, 10, 10, 10])
  })

  it('is not made of a tasklet, whose counts mean what its author says', async () => {
    const { run } = testBatch()
    const job = jobOf((step) => ({
      count: step.tasklet(({ count }) => count({ readCount: 3, writeCount: 1 })),
    }))
    const { execution } = await run(job)
    expect(execution.status).to.equal('COMPLETED')
    expect(execution.stepExecutions[0]?.reconciliation).to.equal(undefined)
  })

  /** What earlier executions have counted, as a repository with a fault would say it. */
  function withEarlier(
    repository: JobRepository,
    change: (previous: PreviousStep) => PreviousStep,
  ): JobRepository {
    return {
      ...repository,
      launch: async (request) => {
        const launched = await repository.launch(request)
        const previousSteps = [...launched.previousSteps].map(([name, previous]): [string, PreviousStep] => [
          name,
          change(previous),
        ])
        return { ...launched, previousSteps: new Map(previousSteps) }
      },
    }
  }

  const oneMore = (counts: StepCounts): StepCounts => ({ ...counts, readCount: counts.readCount + 1 })

  it('fails the step where an item has vanished, before anything is published, and is recorded', async () => {
    const repository = memoryRepository()
    await testBatch(repository).run(importOf(7))
    const writer = listWriter<number>()
    const job = jobOf((step) => ({
      load: step.chunk({ size: 3 }, { reader: listReader(numbers(10)), writer }),
    }))
    const lossy = withEarlier(repository, (previous) => ({ ...previous, counts: oneMore(previous.counts) }))
    const { execution, error } = await testBatch(lossy).run(job)
    expect(isBatchError(error, 'RECONCILIATION_FAILED')).to.equal(true)
    expect((error as Error).message).to.contain(
      'over the whole instance, 11 read are not 9 written + 1 filtered',
    )
    expect(execution.status).to.equal('FAILED')
    expect(writer.calls).to.not.include('complete 9')
    const [step] = (await repository.findJobExecution(execution.id))?.stepExecutions ?? []
    expect(step?.status).to.equal('FAILED')
    expect(step?.reconciliation).to.deep.include({ isBalanced: false })
  })

  it('does not hold the counts of Spring Batch against us', async () => {
    const repository = memoryRepository()
    await testBatch(repository).run(importOf(7))
    const springs = withEarlier(repository, (previous) => ({
      ...previous,
      withSpring: true,
      counts: oneMore(previous.counts),
    }))
    const { execution } = await testBatch(springs).run(importOf())
    expect(execution.status).to.equal('COMPLETED')
    expect(execution.stepExecutions[0]?.reconciliation?.totals.readCount).to.equal(11)
  })
})
