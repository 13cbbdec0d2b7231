import { expect } from 'chai'
import { progressBar } from '../../src/cli/progress-bar.ts'
import { progressLines } from '../../src/cli/progress-lines.ts'
import { countText, durationText, shortCount } from '../../src/cli/quantity-text.ts'
import { exitStatus } from '../../src/core/model/exit-status.ts'
import { EMPTY_CONTEXT } from '../../src/core/model/execution-context.ts'
import type { JobExecution } from '../../src/core/model/job-execution.ts'
import { NO_COUNTS, type StepExecution } from '../../src/core/model/step-execution.ts'

const STARTED = new Date('2026-01-31T02:00:00Z')

function step(changes: Partial<StepExecution> = {}): StepExecution {
  return {
    ...NO_COUNTS,
    id: '1',
    jobExecutionId: '1',
    stepName: 'load',
    status: 'STARTED',
    exitStatus: exitStatus('EXECUTING'),
    createTime: STARTED,
    startTime: STARTED,
    endTime: null,
    lastUpdated: null,
    version: 0,
    executionContext: EMPTY_CONTEXT,
    ...changes,
  }
}

const JOB = {} as JobExecution
const ENDED = step({
  status: 'COMPLETED',
  endTime: new Date('2026-01-31T02:01:08Z'),
  readCount: 2_000_000,
  writeCount: 1_999_997,
  writeSkipCount: 3,
})
const bytes = (done: number) => ({ done, total: 1000, unit: 'bytes' as const })

describe('The progress lines', () => {
  it('come when a step starts and ends, and at most every five seconds between', () => {
    let now = 0
    const lines: string[] = []
    const shown = progressLines(
      (line) => lines.push(line),
      () => now,
    )
    shown.jobStarted?.(JOB, ['load', 'report'])
    shown.stepStarted?.(step())
    for (now = 500; now <= 10_000; now += 500) {
      const done = now / 100
      shown.stepProgressed?.(step({ readCount: now * 100, writeSkipCount: 3 }), bytes(done))
    }
    shown.stepEnded?.(ENDED)
    shown.stepSkipped?.(step({ stepName: 'report' }))
    expect(lines).to.deep.equal([
      'step load 1/2 started',
      'step load 1/2: 5% 500,000 read 100.0k/s 3 skip 0 rollback eta 1 min 35 s',
      'step load 1/2: 10% 1,000,000 read 100.0k/s 3 skip 0 rollback eta 1 min 30 s',
      'step load 1/2 COMPLETED in 1 min 08 s: 2,000,000 read, 1,999,997 written, 3 skipped',
      'step report 2/2 was completed before and is not run again',
    ])
  })
})

describe('The progress bar', () => {
  const drawn = (columns: number) => {
    let now = 0
    const written: string[] = []
    using bar = progressBar(
      (text) => written.push(text.replace('\r\u001B[K', '')),
      () => columns,
      () => now,
    )
    bar.jobStarted?.(JOB, ['load', 'report'])
    bar.stepStarted?.(step())
    now = 50
    bar.stepProgressed?.(step({ readCount: 10 }), bytes(5))
    now = 1000
    bar.stepProgressed?.(step({ readCount: 18_200, rollbackCount: 1 }), bytes(620))
    now = 2000
    bar.stepProgressed?.(step({ readCount: 36_400 }), undefined)
    bar.stepEnded?.(ENDED)
    return written
  }

  it('shows share, items, rate, skips, rollbacks and what is left', () => {
    const written = drawn(120)
    expect(written[0]).to.equal('load 1/2 …')
    expect(written[1]).to.equal(
      'load 1/2 [============>       ] 62% 18,200 read 18.2k/s 0 skip 1 rollback eta 1 s',
    )
  })

  it('does without a share where the reader knows no total, and is not drawn more often than ten times a second', () => {
    const written = drawn(120)
    expect(written[2]).to.equal('load 1/2 36,400 read 18.2k/s 0 skip 0 rollback')
    expect(written).to.have.lengthOf(5)
  })

  it('leaves a line of what a step has done', () => {
    expect(drawn(120).slice(3)).to.deep.equal([
      '',
      'load 1/2 COMPLETED in 1 min 08 s: 2,000,000 read, 1,999,997 written, 3 skipped\n',
    ])
  })

  it('shows all steps that are at work, each with what it has read', () => {
    let now = 0
    const written: string[] = []
    using bar = progressBar(
      (text) => written.push(text.replace('\r\u001B[K', '')),
      () => 120,
      () => now,
    )
    bar.jobStarted?.(JOB, ['load', 'letters'])
    bar.stepStarted?.(step())
    bar.stepStarted?.(step({ id: '2', stepName: 'letters' }))
    now = 1000
    bar.stepProgressed?.(step({ readCount: 1200 }), bytes(620))
    now = 1200
    bar.stepProgressed?.(step({ id: '2', stepName: 'letters', readCount: 7 }), undefined)
    bar.stepEnded?.(ENDED)
    now = 2200
    bar.stepProgressed?.(step({ id: '2', stepName: 'letters', readCount: 14 }), undefined)
    bar.stepStarted?.(step({ id: '3', stepName: 'books/close' }))
    expect(written.filter((line) => line !== '')).to.deep.equal([
      'load 1/2 …',
      'load 1/2 … | letters 2/2 …',
      'load 1/2 62% 1,200 read | letters 2/2 …',
      'load 1/2 62% 1,200 read | letters 2/2 7 read',
      'load 1/2 COMPLETED in 1 min 08 s: 2,000,000 read, 1,999,997 written, 3 skipped\n',
      'letters 2/2 14 read 6/s 0 skip 0 rollback',
      'letters 2/2 14 read | books/close …',
    ])
  })

  it('never wraps', () => {
    for (const line of drawn(20).slice(0, 3)) expect(line.length).to.be.below(20)
  })
})

describe('Quantities', () => {
  it('are written for people', () => {
    expect([0, 999, 1_240_000].map(countText)).to.deep.equal(['0', '999', '1,240,000'])
    expect([0.4, 999, 18_249, 999_949, 999_960, 3_400_000].map(shortCount)).to.deep.equal([
      '0',
      '999',
      '18.2k',
      '999.9k',
      '1.0M',
      '3.4M',
    ])
    const durations = [850, 12_340, 59_960, 248_000, 7_380_000].map(durationText)
    expect(durations).to.deep.equal(['850 ms', '12.3 s', '1 min 00 s', '4 min 08 s', '2 h 03 min'])
  })
})
