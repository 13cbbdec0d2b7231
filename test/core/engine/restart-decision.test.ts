import { expect } from 'chai'
import { decideRestart } from '../../../src/core/engine/restart-decision.ts'
import type { ExecutionContext } from '../../../src/core/model/execution-context.ts'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import type { PreviousStep } from '../../../src/core/ports/launch.ts'

function previous(values: ExecutionContext, more: { ours: boolean; commitCount?: number }): PreviousStep {
  return {
    last: {
      ...NO_COUNTS,
      commitCount: more.commitCount ?? 0,
      id: '9',
      jobExecutionId: '8',
      stepName: 'load',
      status: 'FAILED',
      exitStatus: exitStatus('FAILED'),
      createTime: new Date(0),
      startTime: null,
      endTime: null,
      lastUpdated: null,
      version: 1,
      executionContext: { kind: 'readable', values },
    },
    ours: more.ours,
    startCount: 1,
    counts: NO_COUNTS,
  }
}

const begunBySpring = (values: ExecutionContext, more: { ours: boolean; commitCount?: number }) => {
  const decision = decideRestart('load', {}, previous(values, more))
  if (decision.action !== 'run') throw new Error('it is skipped')
  return decision
}

describe('A step that Spring began', () => {
  it('is known by what it has committed, or by what its reader stored', () => {
    expect(
      begunBySpring({ 'batch.version': '6.0.6' }, { ours: false, commitCount: 3 }).begunBySpring,
    ).to.equal(true)
    expect(begunBySpring({ 'rd.read.count': 50 }, { ours: false }).begunBySpring).to.equal(true)
    expect(begunBySpring({ 'batch.chunkScanOffset': 2 }, { ours: false }).begunBySpring).to.equal(true)
  })

  it('begins anew when it has come nowhere', () => {
    expect(
      begunBySpring({ 'batch.version': '6.0.6', 'batch.stepType': 'x' }, { ours: false }).begunBySpring,
    ).to.equal(false)
  })

  it('stays known when an execution of ours was refused before its first commit', () => {
    const { from } = begunBySpring({ 'rd.read.count': 50 }, { ours: false })
    expect(begunBySpring(from, { ours: true }).begunBySpring).to.equal(true)
  })

  it('is ours once we have committed', () => {
    expect(begunBySpring({ 'rd.read.count': 50 }, { ours: true, commitCount: 1 }).begunBySpring).to.equal(
      false,
    )
  })
})
