import { expect } from 'chai'
import { type BatchStatus, BATCH_STATUSES } from '../../../src/core/model/batch-status.ts'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import { type AbandonedRun, decideResumption, keeperOf } from '../../../src/core/operator/resumption.ts'

function run(status: BatchStatus, change: Partial<AbandonedRun> = {}): AbandonedRun {
  const execution = { status, exitStatus: exitStatus(status, 'the server ends: SIGTERM') }
  return { execution, keeper: 'server', restarts: true, deaths: 1, ...change }
}

describe('A run whose process is gone', () => {
  it('is continued by a process of the kind that ran it, and by no other', () => {
    for (const status of ['STOPPED', 'STARTED', 'STARTING'] as const) {
      expect(decideResumption('server', run(status)), status).to.equal('continue')
      expect(decideResumption('scheduler', run(status)), status).to.equal('leave')
    }
  })

  it('stays STOPPED, or is closed, where it is not to be restarted', () => {
    expect(decideResumption('server', run('STOPPED', { restarts: false }))).to.equal('leave')
    expect(decideResumption('server', run('STARTED', { restarts: false }))).to.equal('close')
  })

  it('is closed by anybody where no such process ran it, and stays STOPPED where it was', () => {
    expect(decideResumption('scheduler', run('STARTED', { keeper: undefined }))).to.equal('close')
    expect(decideResumption('server', run('STOPPED', { keeper: undefined }))).to.equal('leave')
  })

  it('is closed where somebody had asked it to stop, or where it has died too often', () => {
    expect(decideResumption('server', run('STOPPING'))).to.equal('close')
    expect(decideResumption('server', run('STARTED', { deaths: 3 }))).to.equal('continue')
    expect(decideResumption('server', run('STARTED', { deaths: 4 }))).to.equal('close')
  })

  it('is left to a person where its own flow has stopped it', () => {
    const execution = { status: 'STOPPED', exitStatus: exitStatus('STOPPED') } as const
    expect(decideResumption('server', run('STOPPED', { execution }))).to.equal('leave')
  })

  it('is left alone where it has ended otherwise', () => {
    for (const status of BATCH_STATUSES.filter((one) => !/ST(ART|OPP)/.test(one)))
      expect(decideResumption('server', run(status)), status).to.equal('leave')
  })
})

describe('Who looks after a run', () => {
  it('is told by who runs it, and for a schedule also by what made it begin', () => {
    const command = { type: 'command', name: null } as const
    const schedule = { type: 'schedule', name: 'nightly' } as const
    expect(keeperOf({ trigger: command, runner: 'command' })).to.equal(undefined)
    expect(keeperOf({ trigger: schedule, runner: 'command' })).to.equal('scheduler')
    expect(keeperOf({ trigger: schedule, runner: 'scheduler' })).to.equal('scheduler')
    expect(keeperOf({ trigger: schedule, runner: 'server' })).to.equal('server')
  })
})
