import { expect } from 'chai'
import type { BatchStatus } from '../../../src/core/model/batch-status.ts'
import { EMPTY_CONTEXT } from '../../../src/core/model/execution-context.ts'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import { decideRecovery } from '../../../src/core/operator/retire-decision.ts'
import type { ExecutionAtHand } from '../../../src/core/ports/retirement.ts'

function leftBySpring(status: BatchStatus, openSteps: number): ExecutionAtHand {
  return {
    execution: {
      id: '41',
      jobInstance: { id: '7', jobName: 'import', jobKey: 'k' },
      jobParameters: [],
      status,
      exitStatus: exitStatus('UNKNOWN'),
      createTime: new Date(0),
      startTime: null,
      endTime: null,
      lastUpdated: null,
      version: 1,
      executionContext: EMPTY_CONTEXT,
      owner: null,
      launch: null,
    },
    owner: null,
    openSteps,
    followedBy: null,
    definition: null,
    stepStatuses: new Map(),
  }
}

describe('The recovery of what Spring Batch has left', () => {
  const recover = (status: BatchStatus, openSteps: number, force = false) =>
    decideRecovery({ processState: () => 'unknown', force }, leftBySpring(status, openSteps))

  it('says what state it was left in', () => {
    const reason = (status: BatchStatus, force = false) => {
      const verdict = recover(status, 1, force)
      return verdict.action === 'close' ? verdict.reason : verdict.action
    }
    expect(reason('UNKNOWN')).to.equal('Spring Batch began it, and left it UNKNOWN')
    expect(reason('STARTED', true)).to.equal('Spring Batch began it, and left it STARTED')
    expect(reason('FAILED')).to.equal('Spring Batch began it, and left a step of it open')
  })

  it('wants to be told that a running one is dead, and leaves what has ended whole', () => {
    expect(recover('STARTED', 1).action).to.equal('refuse')
    expect(recover('FAILED', 0).action).to.equal('leave')
    expect(recover('COMPLETED', 0, true).action).to.equal('leave')
  })
})
