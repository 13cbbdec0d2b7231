import { expect } from 'chai'
import { isBatchError } from '../../../src/core/model/batch-error.ts'
import { listReader, listWriter, numbers } from '../items.ts'
import { jobOf, testBatch } from '../run-job.ts'

/** Fails in the given runs, counted from 1. */
function failingIn(runs: readonly number[]): () => void {
  let run = 0
  return () => {
    run += 1
    if (runs.includes(run)) throw new Error(`run ${run} fails`)
  }
}

describe('A restart', () => {
  it('skips completed steps, resumes the failed one behind its last committed chunk, and runs the later ones', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    const writer = listWriter<number>({
      onWrite: (_, call) => (call === 2 ? Promise.reject(new Error('full')) : undefined),
    })
    const reader = listReader(numbers(10))
    const job = jobOf((step) => ({
      before: step.tasklet(() => void ran.push('before')),
      load: step.chunk({ size: 2 }, { reader, writer }),
      after: step.tasklet(() => void ran.push('after')),
    }))
    const first = await run(job)
    expect(first.execution.status).to.equal('FAILED')
    const second = await run(job)
    expect(second.execution.status).to.equal('COMPLETED')
    expect(ran).to.deep.equal(['before', 'after'])
    expect(reader.opened).to.deep.equal([undefined, 4])
    expect(writer.chunks.flat()).to.deep.equal(numbers(10))
    const counts = [first, second].map(
      ({ execution }) => execution.stepExecutions.find((one) => one.stepName === 'load')?.readCount,
    )
    expect(counts).to.deep.equal([4, 6])
  })

  it('carries the contexts of job and step over', async () => {
    const { run } = testBatch()
    const seen: unknown[] = []
    const fail = failingIn([2])
    const job = jobOf((step) => ({
      first: step.tasklet(({ jobContext }) => jobContext.set('rows', 12n)),
      second: step.tasklet(({ jobContext, stepContext }) => {
        seen.push([jobContext.get('rows'), stepContext.get('turn')])
        stepContext.set('turn', Number(stepContext.get('turn') ?? 0) + 1)
        fail()
        return seen.length < 4 ? 'continue' : 'done'
      }),
    }))
    await run(job)
    await run(job)
    expect(seen).to.deep.equal([
      [12n, undefined],
      [12n, 1],
      [12n, 1],
      [12n, 2],
    ])
  })

  it('runs a completed step again when it is allowed to, from its beginning', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    const fail = failingIn([1])
    const job = jobOf((step) => ({
      always: step.tasklet({ allowStartIfComplete: true }, ({ stepContext }) => {
        ran.push(`always ${JSON.stringify(stepContext.get('ran'))}`)
        stepContext.set('ran', true)
      }),
      last: step.tasklet(() => fail()),
    }))
    await run(job)
    await run(job)
    expect(ran).to.deep.equal(['always undefined', 'always undefined'])
  })

  it('of a step that has used up its start limit fails, and says so', async () => {
    const { run } = testBatch()
    const job = jobOf((step) => ({ once: step.tasklet({ startLimit: 1 }, failingIn([1, 2])) }))
    await run(job)
    const { execution, error } = await run(job)
    expect(execution.status).to.equal('FAILED')
    expect(isBatchError(error, 'START_LIMIT_EXCEEDED')).to.equal(true)
    expect(execution.stepExecutions).to.deep.equal([])
  })

  it('that finds all steps done ends COMPLETED, with the exit code NOOP', async () => {
    const { run } = testBatch()
    await run(jobOf((step) => ({ only: step.tasklet(() => undefined), next: step.tasklet(failingIn([1])) })))
    const { execution } = await run(
      jobOf((step) => ({ only: step.tasklet(() => expect.fail('it was run again')) }), {
        acceptedChanges: ['step next was removed'],
      }),
    )
    expect(execution).to.deep.include({ status: 'COMPLETED', stepExecutions: [] })
    expect(execution.exitStatus.exitCode).to.equal('NOOP')
  })

  it('sums up, over its executions, to what an uninterrupted run counts', async () => {
    const { run } = testBatch()
    const failures = new Set([1, 3, 4])
    let call = 0
    const writer = listWriter<number>({
      onWrite: () => (failures.has(call++) ? Promise.reject(new Error('full')) : undefined),
    })
    const job = jobOf((step) => ({
      load: step.chunk(
        { size: 3 },
        { reader: listReader(numbers(20)), processor: (item: number) => item, writer },
      ),
    }))
    let reads = 0
    for (let tries = 0; tries < 4; tries += 1) {
      const { execution } = await run(job)
      reads += execution.stepExecutions[0]?.readCount ?? 0
    }
    expect(reads).to.equal(20)
    expect(writer.chunks.flat()).to.deep.equal(numbers(20))
  })
})

describe('A start', () => {
  it('of a complete instance is refused, and nothing is recorded', async () => {
    const { run, repository } = testBatch()
    const job = jobOf((step) => ({ only: step.tasklet(() => undefined) }))
    await run(job)
    const refusal = await run(job).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(isBatchError(refusal, 'JOB_INSTANCE_ALREADY_COMPLETE')).to.equal(true)
    expect(await repository.listJobExecutions({ limit: 10 })).to.have.lengthOf(1)
  })

  it('of a failed instance whose job is not restartable is refused', async () => {
    const { run } = testBatch()
    const job = jobOf((step) => ({ only: step.tasklet(failingIn([1])) }), { restartable: false })
    await run(job)
    const refusal = await run(job).catch((error: unknown) => error)
    expect(isBatchError(refusal, 'JOB_RESTART_REFUSED')).to.equal(true)
  })
})
