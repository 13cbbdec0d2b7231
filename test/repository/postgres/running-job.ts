/** A job under way, in the short forms of the tests. */
import { randomUUID } from 'node:crypto'
import type { LaunchFacts } from '../../../src/core/model/launch-facts.ts'
import type { DefinitionFingerprint } from '../../../src/core/model/definition-fingerprint.ts'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import type { JobParameters } from '../../../src/core/model/job-parameters.ts'
import { NO_COUNTS } from '../../../src/core/model/step-execution.ts'
import type { JobEnd, JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { Launched, LaunchRequest, LaunchVerdict } from '../../../src/core/ports/launch.ts'
import type { StepEnd, StepSession } from '../../../src/core/ports/step-session.ts'
import type { Transaction } from '../../../src/core/ports/resource.ts'

export const PARAMETERS: JobParameters = [
  { name: 'file', type: 'java.lang.String', text: 'trades.csv', identifying: true },
]

export const OWNER = { host: 'here', pid: process.pid, bootId: null, pidNamespace: null, processStart: null }
export const FACTS: LaunchFacts = {
  trigger: { type: 'external', name: 'contract:nightly' },
  runner: 'server',
}

export const DEFINITION: DefinitionFingerprint = {
  format: 1,
  parameters: {},
  steps: [],
  flow: { sequential: true, states: {} },
}
export const RECOVER: LaunchVerdict = { action: 'recover-and-restart', reason: 'it died' }

export function launchJob(
  repository: JobRepository,
  jobKey: string = randomUUID().replaceAll('-', ''),
  verdict: LaunchVerdict = { action: 'start' },
): Promise<Launched> {
  return repository.launch(launchRequest(jobKey, verdict))
}

export function launchRequest(
  jobKey: string = randomUUID().replaceAll('-', ''),
  verdict: LaunchVerdict = { action: 'start' },
): LaunchRequest {
  return {
    jobName: 'job',
    jobKey,
    parameters: PARAMETERS,
    owner: OWNER,
    leaseMilliseconds: 30_000,
    by: 'a test',
    definition: DEFINITION,
    facts: FACTS,
    decide: () => verdict,
  }
}

export async function startedStep(
  repository: JobRepository,
): Promise<{ readonly launched: Launched; readonly step: StepSession }> {
  const launched = await launchJob(repository)
  await repository.startJobExecution(launched.claim)
  const step = await repository.beginStep(launched.claim, { stepName: 'load', executionContext: {} })
  return { launched, step }
}

type Work = (transaction: Transaction) => Promise<unknown>

/** Commits `work` with `readCount` as its trace in the metadata. */
export async function commit(
  step: StepSession,
  readCount: number,
  work: Work,
  pipelined = false,
): Promise<string> {
  const { jobStatus } = await step.commit({
    pipelined,
    work: async (transaction) => {
      await work(transaction)
    },
    progress: () => ({ counts: { ...NO_COUNTS, readCount }, executionContext: { at: readCount } }),
  })
  return jobStatus
}

export function stepEnd(status: StepEnd['status'], readCount = 0): StepEnd {
  return {
    status,
    exitStatus: exitStatus(status),
    counts: { ...NO_COUNTS, readCount },
    executionContext: { at: readCount },
    jobExecutionContext: {},
  }
}

export function jobEnd(status: JobEnd['status']): JobEnd {
  return { status, exitStatus: exitStatus(status), executionContext: {} }
}
