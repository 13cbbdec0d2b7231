import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { exitStatus } from '../../../../src/core/model/exit-status.ts'
import type { RunOutcome } from '../../../../src/core/engine/run-outcome.ts'
import type { StepFactory } from '../../../../src/core/definition/step-factory.ts'
import { listReader, listWriter, numbers } from '../../items.ts'
import { jobOf, testBatch } from '../../run-job.ts'

/** Tasklets that note that they ran, and end as they are told to: 'ok', 'fail', or with an exit code. */
function scripted(scripts: Readonly<Record<string, readonly string[]>>, ran: string[]) {
  const turns = new Map<string, number>()
  return (step: StepFactory<object>) =>
    Object.fromEntries(
      Object.entries(scripts).map(([name, script]) => [
        name,
        step.tasklet(() => {
          const turn = turns.get(name) ?? 0
          turns.set(name, turn + 1)
          ran.push(name)
          const word = script[Math.min(turn, script.length - 1)] ?? 'ok'
          if (word === 'fail') throw new Error(`${name} fails`)
          return word === 'ok' ? 'done' : { exitStatus: exitStatus(word) }
        }),
      ]),
    )
}

function endOf({ execution }: RunOutcome): string {
  return `${execution.status} ${execution.exitStatus.exitCode}`
}

function stepsOf({ execution }: RunOutcome): readonly string[] {
  return execution.stepExecutions.map(({ stepName, status }) => `${stepName} ${status}`)
}

describe('A flow', () => {
  it('goes where the exit code leads, by the most specific pattern', async () => {
    const ran: string[] = []
    const job = jobOf(scripted({ load: ['COMPLETED WITH SKIPS'], a: [], b: [], c: [], d: [] }, ran), {
      flow: ({ flow }) =>
        flow('load', {
          load: { '*': 'a', 'COMPLETED*': 'b', 'COMPLETED*S*': 'c', COMPLETED: 'd' },
          c: 'd',
        }),
    })
    const outcome = await testBatch().run(job)
    expect(ran).to.deep.equal(['load', 'c', 'd'])
    expect(endOf(outcome)).to.equal('COMPLETED COMPLETED')
  })

  it('ends as its last state ended where no transition matches', async () => {
    const run = (word: string) =>
      testBatch().run(
        jobOf(scripted({ load: [word], never: [] }, []), {
          flow: ({ flow }) => flow('load', { load: { OTHER: 'never' } }),
        }),
      )
    const ended = await run('DONE WELL')
    expect(endOf(ended)).to.equal('COMPLETED DONE WELL')
    const failed = await run('fail')
    expect(endOf(failed)).to.equal('FAILED FAILED')
    expect(failed.error).to.have.property('message', 'load fails')
  })

  it('goes on behind a handled failure, marks it ABANDONED, and does not run it again on a restart', async () => {
    const { run, repository } = testBatch()
    const ran: string[] = []
    const job = jobOf(scripted({ load: ['fail'], repair: ['fail', 'ok'], report: [] }, ran), {
      flow: ({ flow, fail }) =>
        flow('load', {
          load: { FAILED: 'repair', '*': 'report' },
          repair: { FAILED: fail(), '*': 'report' },
        }),
    })
    const first = await run(job)
    expect(endOf(first)).to.equal('FAILED FAILED')
    expect(first.execution.exitStatus.exitDescription).to.contain('repair fails')
    expect(stepsOf(first)).to.deep.equal(['load ABANDONED', 'repair FAILED'])
    const stored = await repository.findJobExecution(first.execution.id)
    expect(
      stored?.stepExecutions.map(({ status, exitStatus: { exitCode } }) => [status, exitCode]),
    ).to.deep.equal([
      ['ABANDONED', 'FAILED'],
      ['FAILED', 'FAILED'],
    ])
    const second = await run(job)
    expect(endOf(second)).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['load', 'repair', 'repair', 'report'])
  })

  it('ends well, with an exit code of its own, by end(code), also after a failure', async () => {
    const job = jobOf(scripted({ load: ['fail'] }, []), {
      flow: ({ flow, end }) => flow('load', { load: { FAILED: end('GIVEN UP') } }),
    })
    const outcome = await testBatch().run(job)
    expect(endOf(outcome)).to.equal('COMPLETED GIVEN UP')
    expect(outcome.error).to.equal(undefined)
  })

  it('fails by fail() although the step was complete, and a restart comes to the same end', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    const job = jobOf(scripted({ load: ['EMPTY'] }, ran), {
      flow: ({ flow, fail }) => flow('load', { load: { EMPTY: fail() } }),
    })
    expect(endOf(await run(job))).to.equal('FAILED FAILED')
    expect(endOf(await run(job))).to.equal('FAILED FAILED')
    expect(ran).to.deep.equal(['load'])
  })

  it('stops by stop(), and a restart begins at the state named, also the restart after that', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    const job = jobOf(scripted({ load: [], review: ['fail', 'ok'], report: [] }, ran), {
      flow: ({ flow, stop }) =>
        flow('load', { load: { '*': stop({ restartAt: 'review', exitCode: 'WAITING' }) }, review: 'report' }),
    })
    expect(endOf(await run(job))).to.equal('STOPPED WAITING')
    expect(endOf(await run(job))).to.equal('FAILED FAILED')
    const last = await run(job)
    expect(endOf(last)).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['load', 'review', 'review', 'report'])
    expect(last.execution.executionContext).to.deep.equal({ kind: 'readable', values: {} })
  })

  it('that is to restart at a state which the definition no longer has is refused', async () => {
    const { run } = testBatch()
    await run(
      jobOf(scripted({ load: [], gone: [] }, []), {
        flow: ({ flow, stop }) => flow('load', { load: { '*': stop({ restartAt: 'gone' }) } }),
      }),
    )
    const { error } = await run(jobOf(scripted({ load: [] }, [])), { acceptChanges: true })
    expect(error).to.have.property('code', 'JOB_RESTART_REFUSED')
    expect(error).to.have.property('message').that.contains('no step gone')
  })

  it('stops again where a stop() names no state, until its decision says otherwise', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    let approved = false
    const job = jobOf(scripted({ load: [], publish: [] }, ran), {
      flow: ({ flow, decide, stop }) =>
        flow('load', {
          load: 'approval',
          approval: decide(() => (approved ? 'YES' : 'NO'), { YES: 'publish', NO: stop() }),
        }),
    })
    expect(endOf(await run(job))).to.equal('STOPPED STOPPED')
    expect(endOf(await run(job))).to.equal('STOPPED STOPPED')
    approved = true
    expect(endOf(await run(job))).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['load', 'publish'])
  })

  it('asks its decisions with parameters, the context and the step before, and keeps what they set', async () => {
    const seen: unknown[] = []
    const job = jobOf(
      (step) => ({
        load: step.tasklet(({ jobContext, count }) => {
          jobContext.set('rows', 12)
          count({ readCount: 12 })
        }),
        report: step.tasklet(({ jobContext }) => void seen.push(jobContext.get('size'))),
      }),
      {
        flow: ({ flow, decide, end }) =>
          flow('load', {
            load: 'size',
            size: decide(
              ({ jobContext, stepExecution }) => {
                jobContext.set('size', 'LARGE')
                seen.push(jobContext.get('rows'), stepExecution?.stepName, stepExecution?.readCount)
                return stepExecution?.readCount === 12 ? 'LARGE' : 'SMALL'
              },
              { LARGE: 'report', SMALL: end() },
            ),
          }),
      },
    )
    expect(endOf(await testBatch().run(job))).to.equal('COMPLETED COMPLETED')
    expect(seen).to.deep.equal([12, 'load', 12, 'LARGE'])
  })

  it('shows a decision the last step of a flow within the flow, and none behind a split', async () => {
    const seen: (string | undefined)[] = []
    const job = jobOf(scripted({ a: [], b: [], c: [], d: [] }, []), {
      flow: ({ flow, nested, split, decide, end }) =>
        flow('a', {
          a: 'inner',
          inner: nested(flow('b', { b: 'c' }), 'behindInner'),
          behindInner: decide(({ stepExecution }) => (seen.push(stepExecution?.stepName), 'ON'), {
            ON: 'both',
          }),
          both: split({ left: ['d'] }, 'behindBoth'),
          behindBoth: decide(({ stepExecution }) => (seen.push(stepExecution?.stepName), 'ON'), {
            ON: end(),
          }),
        }),
    })
    expect(endOf(await testBatch().run(job))).to.equal('COMPLETED COMPLETED')
    expect(seen).to.deep.equal(['c', undefined])
  })

  it('is STOPPED where a stop comes while a decision waits for something, and the restart asks it again', async () => {
    const controller = new AbortController()
    const { run } = testBatch()
    let asked = 0
    const job = jobOf(scripted({ load: [] }, []), {
      flow: ({ flow, decide }) =>
        flow('ask', {
          ask: decide(
            async ({ signal }) => {
              asked += 1
              if (asked > 1) return 'ON'
              controller.abort()
              await setTimeout(10_000, undefined, { signal })
              return 'ON'
            },
            { ON: 'load' },
          ),
        }),
    })
    const stopped = await run(job, { signal: controller.signal })
    expect(endOf(stopped)).to.equal('STOPPED STOPPED')
    expect(endOf(await run(job))).to.equal('COMPLETED COMPLETED')
    expect(asked).to.equal(2)
  })

  it('fails where a decision throws, and where it answers what has no transition', async () => {
    const run = (decider: () => string) =>
      testBatch().run(
        jobOf(scripted({ load: [] }, []), {
          flow: ({ flow, decide }) => flow('size', { size: decide(decider as () => 'A', { A: 'load' }) }),
        }),
      )
    const thrown = await run(() => {
      throw new Error('cannot decide')
    })
    expect(endOf(thrown)).to.equal('FAILED FAILED')
    expect(thrown.error).to.have.property('message', 'cannot decide')
    const unexpected = await run(() => 'B')
    expect(unexpected.error).to.have.property('code', 'INVALID_JOB_DEFINITION')
    expect(unexpected.error).to.have.property('message').that.contains('"B"')
  })

  it('may come back to a step: one that had completed begins anew', async () => {
    const ran: string[] = []
    const seen: unknown[] = []
    const script = ['MORE', 'MORE', 'ok']
    const job = jobOf(
      (step) => ({
        next: step.tasklet(() => void ran.push('next')),
        load: step.tasklet(({ stepContext }) => {
          seen.push(stepContext.get('turn'))
          stepContext.set('turn', ran.length)
          ran.push('load')
          const word = script.shift()
          return word === 'MORE' ? { exitStatus: exitStatus('MORE') } : 'done'
        }),
      }),
      {
        flow: ({ flow, end }) => flow('load', { load: { MORE: 'next', '*': end() }, next: 'load' }),
      },
    )
    const outcome = await testBatch().run(job)
    expect(ran).to.deep.equal(['load', 'next', 'load', 'next', 'load'])
    expect(seen).to.deep.equal([undefined, undefined, undefined])
    expect(stepsOf(outcome)).to.have.lengthOf(5)
  })

  it('may come back to a step that had failed: it goes on behind its last commit', async () => {
    const ran: string[] = []
    let broken = true
    const writer = listWriter<number>({
      onWrite: (_, call) => (broken && call === 2 ? Promise.reject(new Error('full')) : undefined),
    })
    const reader = listReader(numbers(10))
    const job = jobOf(
      (step) => ({
        load: step.chunk({ size: 2, retry: false }, { reader, writer }),
        repair: step.tasklet(() => {
          ran.push('repair')
          broken = false
        }),
      }),
      { flow: ({ flow, end }) => flow('load', { load: { FAILED: 'repair', '*': end() }, repair: 'load' }) },
    )
    const outcome = await testBatch().run(job)
    expect(endOf(outcome)).to.equal('COMPLETED COMPLETED')
    expect(stepsOf(outcome)).to.deep.equal(['load ABANDONED', 'repair COMPLETED', 'load COMPLETED'])
    expect(writer.chunks.flat()).to.deep.equal(numbers(10))
    expect(writer.calls.at(-2)).to.equal('complete 10')
  })

  it('restarted in the middle of a loop, passes no step that has completed in an earlier round only', async () => {
    const ran: string[] = []
    let turn = 0
    const { run } = testBatch()
    const job = jobOf(
      (step) => ({
        next: step.tasklet(() => {
          turn += 1
          ran.push(`next ${turn}`)
          if (turn === 2) throw new Error('killed in the second round')
          return turn < 4 ? { exitStatus: exitStatus('MORE') } : 'done'
        }),
        work: step.tasklet(() => void ran.push('work')),
      }),
      {
        flow: ({ flow, end, fail }) =>
          flow('next', { next: { MORE: 'work', FAILED: fail(), '*': end() }, work: 'next' }),
      },
    )
    expect(endOf(await run(job))).to.equal('FAILED FAILED')
    expect(endOf(await run(job))).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['next 1', 'work', 'next 2', 'next 3', 'work', 'next 4'])
  })

  it('counts the visits of a loop against the start limit', async () => {
    const job = jobOf(
      (step) => ({ load: step.tasklet({ startLimit: 3 }, () => ({ exitStatus: exitStatus('MORE') })) }),
      { flow: ({ flow }) => flow('load', { load: { MORE: 'load' } }) },
    )
    const { execution, error } = await testBatch().run(job)
    expect(execution.stepExecutions).to.have.lengthOf(3)
    expect(error).to.have.property('code', 'START_LIMIT_EXCEEDED')
  })

  it('that is asked to stop goes to no further state', async () => {
    const ran: string[] = []
    const controller = new AbortController()
    const job = jobOf(
      (step) => ({
        load: step.tasklet(() => {
          ran.push('load')
          controller.abort()
        }),
        report: step.tasklet(() => void ran.push('report')),
      }),
      { flow: ({ flow }) => flow('load', { load: { '*': 'report' } }) },
    )
    const { run } = testBatch()
    expect(endOf(await run(job, { signal: controller.signal }))).to.equal('STOPPED STOPPED')
    expect(ran).to.deep.equal(['load'])
    expect(endOf(await run(job))).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['load', 'report'])
  })

  it('takes another flow as one state, whose end is its exit code', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    const job = jobOf(scripted({ load: [], verify: ['fail'], repair: [], report: ['fail', 'ok'] }, ran), {
      flow: ({ flow, nested, end, fail }) => {
        const mending = flow('verify', {
          verify: { FAILED: 'repair', '*': end() },
          repair: { '*': end('MENDED') },
        })
        return flow('load', { load: 'mending', mending: nested(mending, { MENDED: 'report', '*': fail() }) })
      },
    })
    expect(endOf(await run(job))).to.equal('FAILED FAILED')
    expect(endOf(await run(job))).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['load', 'verify', 'repair', 'report', 'report'])
  })

  it('restarts within another flow, at the state named there', async () => {
    const { run } = testBatch()
    const ran: string[] = []
    const job = jobOf(scripted({ load: [], verify: [], review: [], report: [] }, ran), {
      flow: ({ flow, nested, stop }) => {
        const review = flow('verify', { verify: { '*': stop({ restartAt: 'review' }) } })
        return flow('load', { load: 'reviewed', reviewed: nested(review, 'report') })
      },
    })
    expect(endOf(await run(job))).to.equal('STOPPED STOPPED')
    expect(endOf(await run(job))).to.equal('COMPLETED COMPLETED')
    expect(ran).to.deep.equal(['load', 'verify', 'review', 'report'])
  })
})
