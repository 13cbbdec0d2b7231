import { setImmediate } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import type { Crew } from '../../../../src/core/engine/partition/crew.ts'
import { runWorkerProcesses } from '../../../../src/core/engine/partition/worker-crew.ts'
import { createRunControl } from '../../../../src/core/engine/run-control.ts'
import type { JobRun } from '../../../../src/core/engine/job-run.ts'
import type { WorkerProcessEnd, WorkerWatch } from '../../../../src/core/ports/worker-processes.ts'

interface PlayedProcess {
  readonly watch: WorkerWatch
  readonly end: (end: WorkerProcessEnd) => void
  drained: boolean
}

/** A crew of processes that do what the test says; a partition of each that has died is open again. */
function playedCrew(failFast: boolean) {
  const processes: PlayedProcess[] = []
  const options = { processes: 2, concurrency: 2, failFast }
  const job = {
    control: createRunControl(),
    leaseMilliseconds: 30_000,
    logger: pino({ level: 'silent' }),
    launched: { claim: { jobExecutionId: '1', generation: '1' }, execution: {} },
    jobContext: { values: () => ({}) },
    repository: {
      description: 'a test',
      partitions: {
        reach: 'any-process',
        retireWorkers: async () => ({ workerIds: [], reopened: processes.length < 4 ? 1 : 0 }),
      },
    },
    workerProcesses: {
      start: (_: unknown, watch: WorkerWatch) => {
        let end = (_end: WorkerProcessEnd) => {}
        const ended = new Promise<WorkerProcessEnd>((resolve) => (end = resolve))
        const process: PlayedProcess = { watch, end, drained: false }
        processes.push(process)
        const nothing = () => {}
        const drain = () => void (process.drained = true)
        return { pid: processes.length, ended, drain, stop: nothing, abort: nothing, kill: nothing }
      },
    },
  } as unknown as JobRun
  const watch = { progressed: () => {}, chunkCommitted: () => {}, ended: () => {} }
  const crew = {
    job,
    logger: job.logger,
    stepName: 'load',
    planId: '1',
    definition: { options },
    watch,
    draining: new AbortController(),
    open: 4,
  } as unknown as Crew
  return { processes, ended: runWorkerProcesses(crew) }
}

describe('The worker processes of a partitioned step', () => {
  for (const failFast of [false, true]) {
    const what = failFast ? 'nobody takes its place where the step fails fast' : 'another takes its place'

    it(`when one dies behind a partition that has failed, ${what}`, async () => {
      const { processes, ended } = playedCrew(failFast)
      const [one, other] = processes
      one?.watch.began('one')
      other?.watch.began('other')
      one?.watch.partitionEnded('FAILED')
      expect([one?.drained, other?.drained]).to.deep.equal([failFast, failFast])
      other?.watch.partitionEnded('COMPLETED') // or a pause would come before its place is filled
      other?.end({ kind: 'died', reason: 'it was killed' })
      await turns()
      expect(processes.length).to.equal(failFast ? 2 : 3)
      for (let at = 0; at < processes.length; at += 1) {
        processes[at]?.end({ kind: 'finished' })
        await turns()
      }
      await ended
    })
  }
})

/** Nothing in here waits for time; so many turns of the loop settle whatever can be settled. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate()
}
