import { expect } from 'chai'
import { listReader, listWriter, numbers, gate } from '../../items.ts'
import { jobOf, testBatch } from '../../run-job.ts'

describe('A split', () => {
  it('runs its branches side by side, and goes on when all have ended', async () => {
    const ran: string[] = []
    const met = [gate(), gate()] as const
    const job = jobOf(
      (step) => ({
        left: step.tasklet(async () => {
          met[0].open()
          await met[1].passed
        }),
        right: step.tasklet(async () => {
          met[1].open()
          await met[0].passed
          ran.push('right')
        }),
        after: step.tasklet(() => void ran.push('after')),
      }),
      {
        flow: ({ flow, split }) =>
          flow('both', { both: split({ left: ['left'], right: ['right'] }, 'after') }),
      },
    )
    const { execution } = await testBatch().run(job)
    expect(execution.status).to.equal('COMPLETED')
    expect(ran).to.deep.equal(['right', 'after'])
  })

  it('lets the other branches end when one fails, names every failing branch, and a restart runs only what failed', async () => {
    const ran: string[] = []
    const failing = new Set(['b', 'd'])
    const { run } = testBatch()
    const job = jobOf(
      (step) =>
        Object.fromEntries(
          ['a', 'b', 'c', 'd', 'after'].map((name) => [
            name,
            step.tasklet(async () => {
              await new Promise((done) => setImmediate(done))
              ran.push(name)
              if (failing.delete(name)) throw new Error(`${name} is broken`)
            }),
          ]),
        ),
      {
        flow: ({ flow, split }) =>
          flow('all', { all: split({ one: ['b'], two: ['a', 'c'], three: ['d'] }, 'after') }),
      },
    )
    const { execution, error } = await run(job)
    expect(execution.status).to.equal('FAILED')
    expect(execution.exitStatus.exitDescription)
      .to.contain('branch one: Error: b is broken')
      .and.contain('branch three: Error: d is broken')
    expect(error).to.be.instanceOf(AggregateError)
    expect((error as AggregateError).message).to.equal('2 branches have failed: one, three')
    expect((error as AggregateError).errors.map((one: Error) => one.message)).to.deep.equal([
      'b is broken',
      'd is broken',
    ])
    expect(ran.toSorted()).to.deep.equal(['a', 'b', 'c', 'd'])
    ran.length = 0
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    expect(ran.toSorted()).to.deep.equal(['after', 'b', 'd'])
  })

  it('whose failure is dealt with is not run again: the restart takes the same way', async () => {
    const ran: string[] = []
    const { run } = testBatch()
    const job = jobOf(
      (step) => ({
        a: step.tasklet(() => {
          ran.push('a')
          throw new Error('a fails')
        }),
        b: step.tasklet(() => void ran.push('b')),
        cleanUp: step.tasklet(() => {
          ran.push('cleanUp')
          if (ran.length === 3) throw new Error('cleanUp fails')
        }),
      }),
      {
        flow: ({ flow, split, fail }) =>
          flow('both', { both: split({ a: ['a'], b: ['b'] }, { FAILED: 'cleanUp', '*': fail() }) }),
      },
    )
    const first = await run(job)
    expect(
      first.execution.stepExecutions.map(({ stepName, status }) => `${stepName} ${status}`),
    ).to.have.members(['a ABANDONED', 'b COMPLETED', 'cleanUp FAILED'])
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    expect(ran).to.deep.equal(['a', 'b', 'cleanUp', 'cleanUp'])
  })

  it('stops in all its branches at their next chunk', async () => {
    const controller = new AbortController()
    const { run } = testBatch()
    const writers = [0, 1].map(() =>
      listWriter<number>({ onWrite: (_, call) => (call === 1 ? controller.abort() : undefined) }),
    )
    const job = jobOf(
      (step) =>
        Object.fromEntries(
          writers.map((writer, index) => [
            `load${index}`,
            step.chunk({ size: 2, overlap: false }, { reader: listReader(numbers(100)), writer }),
          ]),
        ),
      {
        flow: ({ flow, split, end }) =>
          flow('both', { both: split({ a: ['load0'], b: ['load1'] }, { '*': end() }) }),
      },
    )
    const { execution } = await run(job, { signal: controller.signal })
    expect(execution.status).to.equal('STOPPED')
    expect(execution.stepExecutions.map(({ status }) => status)).to.deep.equal(['STOPPED', 'STOPPED'])
    for (const writer of writers) expect(writer.chunks.length).to.be.within(1, 3)
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    for (const writer of writers) expect(writer.chunks.flat()).to.deep.equal(numbers(100))
  })

  it("keeps what each branch puts into the job's context, and loses only what a failing step has not committed", async () => {
    const { run, repository } = testBatch()
    const put = [gate(), gate()] as const
    const seen: unknown[] = []
    let fails = true
    const job = jobOf(
      (step) => ({
        before: step.tasklet(({ jobContext }) => jobContext.set('shared', 'before')),
        left: step.tasklet(async ({ jobContext }) => {
          jobContext.set('left', 1)
          jobContext.set('shared', undefined)
          put[0].open()
          await put[1].passed
        }),
        right: step.tasklet(async ({ jobContext }) => {
          if (jobContext.get('turn') === undefined) {
            jobContext.set('turn', 'committed')
            return 'continue'
          }
          jobContext.set('right', 2)
          await put[0].passed
          put[1].open()
          if (fails) throw new Error('right fails')
          return 'done'
        }),
        after: step.tasklet(({ jobContext }) => void seen.push(jobContext.values())),
      }),
      {
        flow: ({ flow, split }) =>
          flow('before', { before: 'both', both: split({ left: ['left'], right: ['right'] }, 'after') }),
      },
    )
    const first = await run(job)
    expect(first.execution.status).to.equal('FAILED')
    const stored = await repository.findJobExecution(first.execution.id)
    expect(stored?.executionContext).to.deep.equal({
      kind: 'readable',
      values: { left: 1, turn: 'committed' },
    })
    fails = false
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    expect(seen).to.deep.equal([{ left: 1, turn: 'committed', right: 2 }])
  })

  it('goes on, however its branches end well, with their exit codes', async () => {
    const ran: string[] = []
    const job = jobOf(
      (step) => ({
        a: step.tasklet(() => {
          throw new Error('a fails')
        }),
        b: step.tasklet(() => undefined),
        rest: step.tasklet(() => void ran.push('rest')),
      }),
      {
        flow: ({ flow, split, end, fail }) => {
          const lenient = flow('a', { a: { FAILED: end('WITHOUT A') } })
          return flow('both', {
            both: split({ lenient, b: ['b'] }, { 'WITHOUT A': 'rest', '*': fail() }),
          })
        },
      },
    )
    expect((await testBatch().run(job)).execution.status).to.equal('COMPLETED')
    expect(ran).to.deep.equal(['rest'])
  })

  it('fails as a whole when a step of a branch may not be begun, and names the branch', async () => {
    const { run } = testBatch()
    let tries = 0
    const job = jobOf(
      (step) => ({
        once: step.tasklet({ startLimit: 1 }, () => {
          throw new Error('once')
        }),
        other: step.tasklet(() => {
          tries += 1
          throw new Error('other fails')
        }),
        after: step.tasklet(() => undefined),
      }),
      {
        flow: ({ flow, split }) =>
          flow('both', { both: split({ once: ['once'], other: ['other'] }, { '*': 'after' }) as never }),
        restartable: true,
      },
    )
    await run(
      jobOf((step) => ({ once: job.steps.once, other: job.steps.other, after: step.tasklet(() => {}) })),
    )
    const { execution, error } = await run(job, { acceptChanges: true })
    expect(execution.status).to.equal('FAILED')
    expect(tries).to.equal(1)
    expect(execution.exitStatus.exitDescription)
      .to.contain('branch once: BatchError [START_LIMIT_EXCEEDED]')
      .and.contain('branch other: Error: other fails')
    expect((error as AggregateError).errors).to.have.lengthOf(2)
  })
})
