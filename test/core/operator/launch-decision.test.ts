import { expect } from 'chai'
import { type BatchError, BATCH_ERRORS } from '../../../src/core/model/batch-error.ts'
import { BATCH_STATUSES, type BatchStatus } from '../../../src/core/model/batch-status.ts'
import type { DefinitionFingerprint } from '../../../src/core/model/definition-fingerprint.ts'
import { EMPTY_CONTEXT } from '../../../src/core/model/execution-context.ts'
import type { ExecutionOwner } from '../../../src/core/model/execution-owner.ts'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import type { JobExecution } from '../../../src/core/model/job-execution.ts'
import { decideLaunch, type LaunchRules } from '../../../src/core/operator/launch-decision.ts'
import type { LatestExecution, LaunchVerdict } from '../../../src/core/ports/launch.ts'

const owner: ExecutionOwner = {
  host: 'build-7',
  pid: 4711,
  bootId: 'b',
  pidNamespace: 'n',
  processStart: '1',
  since: new Date('2026-11-21T02:00:00Z'),
  generation: '1',
  heartbeatAt: new Date('2026-11-21T02:10:00Z'),
  leaseExpiresAt: new Date('2026-11-21T02:10:30Z'),
  leaseExpired: false,
}

function executionIn(status: BatchStatus): JobExecution {
  return {
    id: '41',
    jobInstance: { id: '7', jobName: 'import', jobKey: 'k' },
    jobParameters: [{ name: 'file', type: 'java.lang.String', text: 'a.csv', identifying: true }],
    status,
    exitStatus: exitStatus('UNKNOWN'),
    createTime: new Date(0),
    startTime: null,
    endTime: status === 'COMPLETED' ? new Date('2026-11-21T03:00:00Z') : null,
    lastUpdated: null,
    version: 1,
    executionContext: EMPTY_CONTEXT,
    owner: null,
    launch: null,
  }
}

const DEFINITION: DefinitionFingerprint = {
  format: 1,
  parameters: { file: 'java.lang.String' },
  steps: [{ name: 'load', kind: 'chunk-oriented' }],
  flow: { sequential: true, states: {} },
}

function rulesWith(rules: Partial<LaunchRules>): LaunchRules {
  return {
    jobName: 'import',
    restartable: true,
    definition: DEFINITION,
    acceptsChange: () => false,
    processState: () => 'alive',
    ...rules,
  }
}

interface Case {
  readonly status: BatchStatus
  readonly process?: 'alive' | 'dead' | 'unknown'
  readonly leaseExpired?: boolean
  readonly spring?: boolean
  readonly restartable?: boolean
}

function decide({
  status,
  process = 'alive',
  leaseExpired = false,
  spring = false,
  restartable = true,
}: Case): LaunchVerdict {
  return decideLaunch(rulesWith({ restartable, processState: () => process }), {
    execution: executionIn(status),
    owner: spring ? null : { ...owner, leaseExpired },
    definition: spring ? null : DEFINITION,
    stepStatuses: new Map([['load', 'FAILED']]),
  })
}

function refusal(verdict: LaunchVerdict): { exitCode: number; message: string } {
  if (verdict.action !== 'refuse') throw new Error(`it was not refused: ${verdict.action}`)
  const error = verdict.error as BatchError
  return { exitCode: BATCH_ERRORS[error.code].exitCode, message: error.message }
}

const LIVE = ['STARTING', 'STARTED', 'STOPPING'] as const

describe('The launch decision', () => {
  it('starts an instance that has no execution', () => {
    expect(decideLaunch(rulesWith({}), undefined)).to.deep.equal({ action: 'start' })
  })

  it('refuses a complete instance with 4, naming the execution and when it ended', () => {
    const { exitCode, message } = refusal(decide({ status: 'COMPLETED' }))
    expect(exitCode).to.equal(4)
    expect(message).to.contain(
      'Job import with file=a.csv was completed by execution 41 at 2026-11-21T03:00:00.000Z',
    )
  })

  it('names the redrive, not other parameters, as the way on from a redrive that is complete or abandoned', () => {
    const redrive = {
      name: 'batchwright.redrive',
      type: 'java.lang.Long',
      text: '3',
      identifying: true,
    } as const
    const decided = (status: BatchStatus) =>
      refusal(
        decideLaunch(rulesWith({}), {
          execution: { ...executionIn(status), jobParameters: [redrive] },
          owner,
          definition: DEFINITION,
          stepStatuses: new Map(),
        }),
      ).message
    expect(decided('COMPLETED')).to.contain('batchwright quarantine redrive 41')
    expect(decided('ABANDONED')).to.match(/are free again: redrive .* batchwright show 41 names/)
    for (const status of ['COMPLETED', 'ABANDONED'] as const)
      expect(decided(status)).to.not.contain('identifying parameter')
  })

  it('continues only the execution that was meant, where one is named', () => {
    const found = (status: BatchStatus) => ({
      execution: executionIn(status),
      owner,
      definition: DEFINITION,
      stepStatuses: new Map(),
    })
    expect(decideLaunch(rulesWith({ continues: '41' }), found('STOPPED')).action).to.equal('restart')
    const other = refusal(decideLaunch(rulesWith({ continues: '40' }), found('FAILED')))
    expect(other.message).to.contain('but execution 41 has followed')
    expect(refusal(decideLaunch(rulesWith({ continues: '40' }), undefined)).exitCode).to.equal(6)
  })

  for (const status of ['FAILED', 'STOPPED'] as const) {
    it(`restarts a ${status} one, or refuses it with 6 where the job is not restartable`, () => {
      expect(decide({ status })).to.deep.equal({ action: 'restart' })
      expect(refusal(decide({ status, restartable: false })).exitCode).to.equal(6)
    })
  }

  for (const status of LIVE) {
    it(`refuses a ${status} one whose owner lives with 5, naming host, pid and since when`, () => {
      for (const process of ['alive', 'unknown'] as const) {
        const { exitCode, message } = refusal(decide({ status, process }))
        expect(exitCode).to.equal(5)
        expect(message).to.contain('host build-7, pid 4711, since 2026-11-21T02:00:00.000Z')
      }
    })

    it(`recovers and restarts a ${status} one whose process is gone, or whose lease has run out`, () => {
      expect(decide({ status, process: 'dead' }).action).to.equal('recover-and-restart')
      expect(decide({ status, process: 'unknown', leaseExpired: true }).action).to.equal(
        'recover-and-restart',
      )
      expect(decide({ status, process: 'alive', leaseExpired: true }).action).to.equal('recover-and-restart')
    })

    it(`refuses a ${status} one that Spring began with 5, for its owner cannot be asked`, () => {
      const { exitCode, message } = refusal(
        decide({ status, spring: true, process: 'dead', leaseExpired: true }),
      )
      expect(exitCode).to.equal(5)
      expect(message).to.contain('Spring Batch')
    })
  }

  const remedies = { ABANDONED: 'other identifying parameters', UNKNOWN: 'batchwright recover' } as const
  for (const status of ['ABANDONED', 'UNKNOWN'] as const) {
    it(`refuses an ${status} one with 6 and the remedy`, () => {
      const { exitCode, message } = refusal(decide({ status }))
      expect(exitCode).to.equal(6)
      expect(message).to.contain(remedies[status])
    })
  }

  describe('where the definition has changed', () => {
    const definition: DefinitionFingerprint = { ...DEFINITION, steps: [] }
    const decideChanged = (latest: Partial<LatestExecution>, rules: Partial<LaunchRules> = {}) =>
      decideLaunch(rulesWith({ definition, ...rules }), {
        execution: executionIn('FAILED'),
        owner,
        definition: DEFINITION,
        stepStatuses: new Map([['load', 'FAILED']]),
        ...latest,
      })

    it('refuses with 6, naming each change and what can be done', () => {
      const { exitCode, message } = refusal(decideChanged({}))
      expect(exitCode).to.equal(6)
      expect(message).to.contain('Job import with file=a.csv cannot go on where execution 41 ended')
      expect(message).to.contain('\n  step load was removed\n')
      expect(message).to.contain('acceptedChanges').and.contain('--accept-changes')
    })

    it('refuses to take over from a dead process as well, and leaves that execution as it is', () => {
      const dead = { execution: executionIn('STARTED'), owner: { ...owner, leaseExpired: true } }
      expect(refusal(decideChanged(dead)).message).to.contain('step load was removed')
    })

    it('restarts where each change is accepted', () => {
      const accepting = (accepted: string) => ({ acceptsChange: (change: string) => change === accepted })
      expect(decideChanged({}, accepting('step load was removed'))).to.deep.equal({ action: 'restart' })
      expect(refusal(decideChanged({}, accepting('step other was removed'))).exitCode).to.equal(6)
    })

    it('restarts what was launched before definitions were recorded', () => {
      expect(decideChanged({ definition: null })).to.deep.equal({ action: 'restart' })
    })
  })

  it('knows what to do in every status', () => {
    for (const status of BATCH_STATUSES) expect(decide({ status }).action).to.be.a('string')
  })
})
