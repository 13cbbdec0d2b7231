import { expect } from 'chai'
import type { PromotedKeys } from '../../../src/core/definition/step-definition.ts'
import { checkDefinition } from '../../../src/core/definition/check-definition.ts'
import { listReader, listWriter } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

/** Two steps: the first sets `sum` in its own context, the second tells what it finds in the job's. */
function jobWith(promote: PromotedKeys | undefined, found: unknown[], options: { failAt?: number } = {}) {
  return jobOf((step) => ({
    add: step.chunk(
      { size: 2, ...(promote === undefined ? {} : { promote }) },
      {
        reader: listReader([1, 2, 3, 4]),
        processor: (item, { stepContext }) => {
          if (item === options.failAt) throw new Error('not this one')
          stepContext.set('sum', Number(stepContext.get('sum') ?? 0) + item)
          return item
        },
        writer: listWriter(),
      },
    ),
    tell: step.tasklet(({ jobContext }) => void found.push(jobContext.get('sum'))),
  }))
}

describe('Promotion', () => {
  it("copies a step's keys into the job's context when the step completes, for the steps behind it and the record", async () => {
    const found: unknown[] = []
    const { repository, run } = testBatch()
    const { execution } = await run(jobWith(['sum', 'never set'], found))
    expect(execution.status).to.equal('COMPLETED')
    expect(found).to.deep.equal([10])
    const recorded = await repository.findJobExecution(execution.id)
    expect(recorded?.executionContext).to.deep.equal({ kind: 'readable', values: { sum: 10 } })
    expect(recorded?.stepExecutions[0]?.executionContext).to.have.nested.property('values.sum', 10)
  })

  it('copies nothing where it is not asked for', async () => {
    const found: unknown[] = []
    await testBatch().run(jobWith(undefined, found))
    expect(found).to.deep.equal([undefined])
  })

  it('copies nothing of a step that has failed, and all of it when the step completes in a restart', async () => {
    const found: unknown[] = []
    const { run } = testBatch()
    const failed = await run(jobWith(['sum'], found, { failAt: 3 }))
    expect(failed.execution.executionContext).to.deep.equal({ kind: 'readable', values: {} })
    const restarted = await run(jobWith(['sum'], found))
    expect(restarted.execution.status).to.equal('COMPLETED')
    expect(found).to.deep.equal([10])
  })

  it('fails the step for a key that is not there only where it is strict', async () => {
    const found: unknown[] = []
    const { execution, error } = await testBatch().run(
      jobWith({ keys: ['sum', 'count'], strict: true }, found),
    )
    expect(execution.status).to.equal('FAILED')
    expect(execution.executionContext).to.deep.equal({ kind: 'readable', values: {} })
    expect((error as Error).message).to.include("Step add was to promote count to the job's context")
    expect(found).to.deep.equal([])
  })

  it('copies nothing when a listener fails the step at its end', async () => {
    const job = jobOf((step) => ({
      only: step.tasklet(
        {
          promote: ['key'],
          listeners: [
            {
              afterStep: () => {
                throw new Error('after all')
              },
            },
          ],
        },
        ({ stepContext }) => stepContext.set('key', 1),
      ),
    }))
    const { execution } = await testBatch().run(job)
    expect(execution.status).to.equal('FAILED')
    expect(execution.executionContext).to.deep.equal({ kind: 'readable', values: {} })
  })

  it('of a key that no callback can set is a fault of the definition', () => {
    const faults = (promote: PromotedKeys) => checkDefinition(jobWith(promote, []))
    expect(faults(['batchwright.reader', ''])).to.deep.equal([
      "step add: promote: 'batchwright.reader' is no key that a callback can set",
      "step add: promote: '' is no key that a callback can set",
    ])
    expect(faults(['sum'])).to.deep.equal([])
  })
})
