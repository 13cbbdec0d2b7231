/** A step at work in the in-memory repository. */
import {
  begunStep,
  type PartitionExecution,
  type StepCounts,
  type StepExecution,
} from '../../core/model/step-execution.ts'
import type { Claim } from '../../core/ports/lease.ts'
import type { ChunkCommit, StepBegin, StepEnd, StepSession } from '../../core/ports/step-session.ts'
import type { SampleMark } from '../../core/ports/step-sample.ts'
import { withSample } from './memory-samples.ts'
import { addToQuarantine, markRedriven } from './memory-quarantine.ts'
import { changeStep, fenced, type MemoryState, readable, storedExit } from './memory-state.ts'
import { beginMemoryTransaction } from './memory-transaction.ts'

/** @throws BatchError LEASE_LOST */
export function openStepSession(
  state: MemoryState,
  claim: Claim,
  { stepName, executionContext }: StepBegin,
  partition?: PartitionExecution,
): StepSession {
  const stored = fenced(state, claim)
  state.lastId += 1
  const begun = begunStep({
    id: String(state.lastId),
    jobExecutionId: claim.jobExecutionId,
    stepName,
    at: state.now(),
    executionContext: readable(executionContext),
  })
  const stepExecution: StepExecution = partition === undefined ? begun : { ...begun, partition }
  stored.steps = [...stored.steps, stepExecution]
  return {
    stepExecution,
    commit: async (chunk) => commit(state, claim, stepExecution, chunk),
    end: async (end) => {
      endStep(state, claim, stepExecution.id, end)
    },
    close: async () => {},
  }
}

/**
 * The work's changes are made together with the step's, in one go after everything that may throw: when it throws, nothing
 * has been changed.
 */
async function commit(
  state: MemoryState,
  claim: Claim,
  { id: stepExecutionId, stepName }: StepExecution,
  { work, progress }: ChunkCommit,
): Promise<{ readonly jobStatus: StepExecution['status'] }> {
  const open = beginMemoryTransaction()
  try {
    await work(open.transaction)
    const { counts, executionContext, quarantined = [], redriven, sample } = progress()
    open.check()
    changeStep(state, claim, stepExecutionId, { ...counts, executionContext: readable(executionContext) })
    const step = { jobExecutionId: claim.jobExecutionId, stepExecutionId, stepName, at: state.now() }
    addToQuarantine(state.quarantine, step, quarantined)
    if (redriven !== undefined) markRedriven(state.quarantine, step, redriven)
    addSample(state, stepExecutionId, sample, counts)
  } catch (error) {
    open.rollBack()
    throw error
  }
  open.commit()
  return { jobStatus: fenced(state, claim).execution.status }
}

function addSample(
  { samples, now }: MemoryState,
  stepId: string,
  mark: SampleMark | undefined,
  counts: StepCounts,
): void {
  if (mark !== undefined) samples.set(stepId, withSample(samples.get(stepId) ?? [], mark, counts, now()))
}

function endStep(state: MemoryState, claim: Claim, stepId: string, end: StepEnd): void {
  changeStep(state, claim, stepId, {
    ...end.counts,
    status: end.status,
    exitStatus: storedExit(end.exitStatus),
    endTime: state.now(),
    executionContext: readable(end.executionContext),
    ...(end.reconciliation && { reconciliation: structuredClone(end.reconciliation) }),
  })
  addSample(state, stepId, end.sample, end.counts)
  if (end.jobExecutionContext === undefined) return
  const stored = fenced(state, claim)
  stored.execution = { ...stored.execution, executionContext: readable(end.jobExecutionContext) }
}
