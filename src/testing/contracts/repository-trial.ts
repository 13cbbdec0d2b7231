/** A job repository under test, with a job of its own and the short forms that the cases are written in. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type BatchErrorCode, isBatchError } from '../../core/model/batch-error.ts'
import type { DefinitionFingerprint } from '../../core/model/definition-fingerprint.ts'
import type { ExecutionContext, StoredContext } from '../../core/model/execution-context.ts'
import type { OwnerIdentity } from '../../core/model/execution-owner.ts'
import { exitStatus } from '../../core/model/exit-status.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import type { JobParameters } from '../../core/model/job-parameters.ts'
import type { LaunchFacts } from '../../core/model/launch-facts.ts'
import { NO_COUNTS, type StepCounts } from '../../core/model/step-execution.ts'
import type { JobEnd, JobRepository } from '../../core/ports/job-repository.ts'
import type { Launched, LaunchRequest, LaunchVerdict } from '../../core/ports/launch.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { StepEnd, StepSession } from '../../core/ports/step-session.ts'

export interface RepositoryTrial {
  readonly repository: JobRepository
  readonly jobName: string
  readonly launch: (
    key: string,
    verdict?: LaunchVerdict,
    request?: Partial<LaunchRequest>,
  ) => Promise<Launched>
  /** Launched and STARTED. */
  readonly started: (key: string, verdict?: LaunchVerdict) => Promise<Launched>
  readonly find: (claim: Claim) => Promise<JobExecutionDetails>
  readonly begin: (claim: Claim, stepName: string, context?: ExecutionContext) => Promise<StepSession>
  /** One commit without work. */
  readonly commit: (
    session: StepSession,
    counts: Partial<StepCounts>,
    context?: ExecutionContext,
  ) => Promise<string>
}

export const OWNER: OwnerIdentity = {
  host: 'contract-host',
  pid: 4711,
  bootId: 'boot',
  pidNamespace: 'pid:[1]',
  processStart: '99',
}

export const PARAMETERS: JobParameters = [
  { name: 'businessDate', type: 'java.time.LocalDate', text: '2026-11-21', identifying: true },
  { name: 'chunkSize', type: 'java.lang.Long', text: '500', identifying: false },
]

export const FACTS: LaunchFacts = {
  trigger: { type: 'external', name: 'contract:nightly' },
  runner: 'server',
}

export const DEFINITION: DefinitionFingerprint = {
  format: 1,
  parameters: { businessDate: 'java.time.LocalDate' },
  steps: [{ name: 'load', kind: 'chunk-oriented', traits: { "it's": 'kept' } }],
  flow: { sequential: true, states: { '': 'begins with load', load: '' } },
}

export const RECOVER: LaunchVerdict = { action: 'recover-and-restart', reason: 'its process is gone' }

export function repositoryTrial(repository: JobRepository): RepositoryTrial {
  const jobName = `contract-${randomUUID()}`
  const launch: RepositoryTrial['launch'] = (key, verdict = { action: 'start' }, request = {}) =>
    repository.launch({
      jobName,
      jobKey: key.padEnd(32, '0'),
      parameters: PARAMETERS,
      owner: OWNER,
      leaseMilliseconds: 30_000,
      by: 'a test',
      definition: DEFINITION,
      facts: FACTS,
      decide: () => verdict,
      ...request,
    })
  return {
    repository,
    jobName,
    launch,
    started: async (key, verdict) => {
      const launched = await launch(key, verdict)
      await repository.startJobExecution(launched.claim)
      return launched
    },
    find: async ({ jobExecutionId }) => {
      const found = await repository.findJobExecution(jobExecutionId)
      assert.ok(found, `execution ${jobExecutionId} is not found`)
      return found
    },
    begin: (claim, stepName, executionContext = {}) =>
      repository.beginStep(claim, { stepName, executionContext }),
    commit: async (session, counts, executionContext = {}) => {
      const { jobStatus } = await session.commit({
        pipelined: false,
        work: async () => {},
        progress: () => ({ counts: { ...NO_COUNTS, ...counts }, executionContext }),
      })
      return jobStatus
    },
  }
}

export function jobEnd(status: JobEnd['status'], executionContext: ExecutionContext = {}): JobEnd {
  return { status, exitStatus: exitStatus(status, `ended ${status}`), executionContext }
}

export function stepEnd(
  status: StepEnd['status'],
  counts: Partial<StepCounts> = {},
  executionContext: ExecutionContext = {},
): StepEnd {
  return {
    status,
    exitStatus: exitStatus(status, `step ${status}`),
    counts: { ...NO_COUNTS, ...counts },
    executionContext,
    jobExecutionContext: { from: 'step' },
  }
}

/** Ends a step and closes its session. */
export async function finish(session: StepSession, end: StepEnd): Promise<void> {
  await session.end(end)
  await session.close()
}

export function valuesOf(context: StoredContext): ExecutionContext {
  assert.equal(context.kind, 'readable')
  return context.kind === 'readable' ? context.values : {}
}

export async function assertRefused(action: Promise<unknown>, code: BatchErrorCode): Promise<void> {
  await assert.rejects(action, (error: unknown) => {
    assert.ok(isBatchError(error), `expected a BatchError ${code}, not ${String(error)}`)
    assert.equal(error.code, code, error.message)
    return true
  })
}
