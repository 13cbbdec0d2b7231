import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../../../src/core/definition/define-job.ts'
import { exitStatus } from '../../../../src/core/model/exit-status.ts'
import { isBatchError } from '../../../../src/core/model/batch-error.ts'
import type { StepSession } from '../../../../src/core/ports/step-session.ts'
import { memoryRepository } from '../../../../src/repository/memory/memory-repository.ts'
import { jobOf, testBatch } from '../../run-job.ts'

const DAY = z.object({ day: z.iso.date(), size: z.int().default(3) })

function childJob(turn: (day: string) => unknown) {
  return defineJob({
    name: 'close-books',
    parameters: DAY,
    steps: (step) => ({
      prepare: step.tasklet(({ parameters }) => void turn(`prepare ${parameters.day} ${parameters.size}`)),
      close: step.tasklet(async ({ parameters, signal }) => {
        await turn(parameters.day)
        signal.throwIfAborted()
        return { exitStatus: exitStatus('CLOSED') }
      }),
    }),
  })
}

describe('A job as a step', () => {
  it('runs as an instance of its own and gives the step its exit code; the step names its execution', async () => {
    const { run, repository } = testBatch()
    const turns: string[] = []
    const seen: string[] = []
    const child = childJob((day) => turns.push(day))
    const job = jobOf(
      (step) => ({
        books: step.job(child, { parameters: () => ({ day: '2026-01-31' }) }),
        report: step.tasklet(() => void turns.push('report')),
      }),
      { flow: ({ flow, fail }) => flow('books', { books: { CLOSED: 'report', '*': fail() } }) },
    )
    const { execution } = await run(job, { observer: { stepEnded: ({ stepName }) => seen.push(stepName) } })
    expect(execution.status).to.equal('COMPLETED')
    expect(turns).to.deep.equal(['prepare 2026-01-31 3', '2026-01-31', 'report'])
    expect(seen).to.deep.equal(['books/prepare', 'books/close', 'books', 'report'])
    const [books] = execution.stepExecutions
    expect(books?.exitStatus.exitCode).to.equal('CLOSED')
    const context = books?.executionContext.kind === 'readable' ? books.executionContext.values : {}
    const { jobExecutionId } = context['batchwright.job'] as { jobExecutionId: string }
    const found = await repository.findJobExecution(jobExecutionId)
    expect(found?.jobInstance.jobName).to.equal('close-books')
    expect(found?.status).to.equal('COMPLETED')
  })

  it('that fails fails the step; a restart restarts the same instance, whatever its parameters would be by then', async () => {
    const { run, repository } = testBatch()
    const turns: string[] = []
    let day = 1
    const child = childJob((one) => {
      turns.push(one)
      if (turns.length === 2) throw new Error('no ledger')
    })
    const job = jobOf((step) => ({
      books: step.job(child, { parameters: () => ({ day: `2026-01-0${day++}` }) }),
    }))
    const first = await run(job)
    expect(first.execution.status).to.equal('FAILED')
    expect(first.execution.exitStatus.exitDescription).to.contain('close-books').and.contain('no ledger')
    expect(isBatchError(first.error, 'JOB_STEP_FAILED')).to.equal(true)
    const second = await run(job)
    expect(second.execution.status).to.equal('COMPLETED')
    expect(turns).to.deep.equal(['prepare 2026-01-01 3', '2026-01-01', '2026-01-01'])
    const children = await repository.listJobExecutions({ jobName: 'close-books', limit: 9 })
    expect(children.map(({ status, jobInstance }) => [status, jobInstance.id])).to.deep.equal([
      ['COMPLETED', children[0]?.jobInstance.id],
      ['FAILED', children[0]?.jobInstance.id],
    ])
  })

  it('whose definition has changed is refused as it would be alone, unless that is accepted for both', async () => {
    const { run } = testBatch()
    let fails = true
    const child = childJob((turn) => {
      if (fails && !turn.startsWith('prepare')) throw new Error('no ledger')
    })
    const jobWith = (one: typeof child) =>
      jobOf((step) => ({ books: step.job(one, { parameters: () => ({ day: '2026-01-31' }) }) }))
    await run(jobWith(child))
    fails = false
    const changed = defineJob({
      name: child.name,
      parameters: child.parameters,
      steps: (step) => ({
        prepare: child.steps.prepare,
        audit: step.tasklet(() => undefined),
        close: child.steps.close,
      }),
    })
    const { error } = await run(jobWith(changed))
    expect(isBatchError(error, 'JOB_DEFINITION_CHANGED')).to.equal(true)
    const { execution } = await run(jobWith(changed), { acceptChanges: true })
    expect(execution.status).to.equal('COMPLETED')
  })

  it('that is complete already is taken as done, with the exit code that it had', async () => {
    const { run, repository } = testBatch()
    const turns: string[] = []
    const child = childJob((day) => turns.push(day))
    const of = (name: string) =>
      jobOf((step) => ({ books: step.job(child, { parameters: () => ({ day: '2026-01-31' }) }) }), { name })
    await run(of('one'))
    const { execution } = await run(of('other'))
    expect(execution.exitStatus.exitCode).to.equal('CLOSED')
    expect(turns).to.have.lengthOf(2)
    expect(await repository.listJobExecutions({ jobName: 'close-books', limit: 9 })).to.have.lengthOf(1)
  })

  it('is stopped with the job that runs it, and restarted with it', async () => {
    const { run, repository } = testBatch()
    const controller = new AbortController()
    const turns: string[] = []
    const child = childJob((day) => {
      turns.push(day)
      if (turns.length === 2) controller.abort()
    })
    const job = jobOf((step) => ({
      books: step.job(child, { parameters: () => ({ day: '2026-01-31' }) }),
      report: step.tasklet(() => void turns.push('report')),
    }))
    const first = await run(job, { signal: controller.signal })
    expect(first.execution.status).to.equal('STOPPED')
    expect(first.execution.stepExecutions.map(({ status }) => status)).to.deep.equal(['STOPPED'])
    const [stopped] = await repository.listJobExecutions({ jobName: 'close-books', limit: 1 })
    expect(stopped?.status).to.equal('STOPPED')
    expect((await run(job)).execution.status).to.equal('COMPLETED')
    expect(turns).to.deep.equal(['prepare 2026-01-31 3', '2026-01-31', '2026-01-31', 'report'])
  })

  it('does not run on alone where the step that runs it fails behind the launch', async () => {
    const repository = memoryRepository()
    let failures = 1
    const { run } = testBatch({
      ...repository,
      beginStep: async (claim, begin) => {
        const session = await repository.beginStep(claim, begin)
        let commits = 0
        const commit: StepSession['commit'] = async (chunk) => {
          commits += 1
          if (begin.stepName === 'books' && commits === 2 && failures-- > 0) throw new Error('no disk')
          return session.commit(chunk)
        }
        return { ...session, commit }
      },
    })
    let waits = true
    const child = childJob(async () => {
      if (waits) await setTimeout(200)
    })
    const job = jobOf((step) => ({
      books: step.job(child, { parameters: () => ({ day: '2026-01-31' }) }),
    }))
    const failed = await run(job)
    expect(failed.error).to.have.property('message', 'no disk')
    const [left] = await repository.listJobExecutions({ jobName: 'close-books', limit: 1 })
    expect(left?.status).to.equal('FAILED')
    waits = false
    expect((await run(job)).execution.status).to.equal('COMPLETED')
  })

  it('is refused where two jobs share its name', async () => {
    const { run } = testBatch()
    const day = { parameters: () => ({ day: '2026-01-31' }) }
    const job = jobOf((step) => ({
      one: step.job(
        childJob(() => {}),
        day,
      ),
      other: step.job(
        childJob(() => {}),
        day,
      ),
    }))
    const refusal = await run(job).catch((error: unknown) => error)
    expect(refusal)
      .to.have.property('message')
      .that.contains('job close-books: the name is used by more than one job')
  })
})
