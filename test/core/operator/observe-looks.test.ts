import { expect } from 'chai'
import type { BatchStatus } from '../../../src/core/model/batch-status.ts'
import type { JobExecutionDetails } from '../../../src/core/model/job-execution.ts'
import type { PartitionOverview } from '../../../src/core/model/partition-overview.ts'
import { observeLooks } from '../../../src/core/operator/observe-looks.ts'

interface Step {
  readonly id: string
  readonly stepName: string
  readonly status: BatchStatus
  readonly version: number
}

describe('Looks at an execution', () => {
  const look = (status: BatchStatus, ...stepExecutions: readonly Step[]) =>
    ({ id: '1', status, stepExecutions }) as unknown as JobExecutionDetails
  const step = (stepName: string, status: BatchStatus, version = 0): Step => ({
    id: stepName,
    stepName,
    status,
    version,
  })

  function observed() {
    const events: string[] = []
    const observe = observeLooks(
      {
        jobStarted: (_, names) => events.push(`job started: ${names.join(', ')}`),
        stepStarted: ({ stepName }) => events.push(`${stepName} started`),
        stepProgressed: ({ stepName, version }, progress) =>
          events.push(`${stepName} at ${progress?.done ?? version}`),
        stepEnded: ({ stepName, status }) => events.push(`${stepName} ${status}`),
        jobEnded: ({ status }) => events.push(`job ${status}`),
      },
      ['a', 'b'],
    )
    return { events, observe }
  }

  it('become the events of a run, each told once, progress only where something was committed', () => {
    const { events, observe } = observed()
    observe(look('STARTED', step('a', 'STARTED', 1)), [])
    observe(look('STARTED', step('a', 'STARTED', 1)), [])
    observe(look('STARTED', step('a', 'STARTED', 2)), [])
    observe(look('STARTED', step('a', 'COMPLETED', 3)), [])
    observe(look('COMPLETED', step('a', 'COMPLETED', 3), step('b', 'COMPLETED', 5)), [])
    expect(events).to.deep.equal([
      'job started: a, b',
      'a started',
      'a at 1',
      'a at 2',
      'a COMPLETED',
      'b COMPLETED',
      'job COMPLETED',
    ])
  })

  it('tell nothing of an execution that had ended before', () => {
    const { events, observe } = observed()
    observe(look('FAILED', step('a', 'FAILED')), [])
    expect(events).to.deep.equal([])
  })

  it('count the partitions that are done, without those at work', () => {
    const { events, observe } = observed()
    const overview: PartitionOverview = {
      stepName: 'a',
      planned: 10,
      open: 4,
      executions: { STARTED: 2, COMPLETED: 3, FAILED: 1 },
    }
    observe(look('STARTED', step('a', 'STARTED')), [overview])
    expect(events).to.deep.equal(['job started: a, b', 'a started', 'a at 4'])
  })
})
