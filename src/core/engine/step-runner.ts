/** What a job does with each of its steps: decide whether it is run, begin it, run it by its kind. */
import type { StepDefinition } from '../definition/step-definition.ts'
import { BatchError } from '../model/batch-error.ts'
import { NO_COUNTS } from '../model/step-execution.ts'
import type { StepListener } from '../ports/listeners.ts'
import { chunkEnding } from './chunk/chunk-ending.ts'
import { runChunkStep } from './chunk/chunk-step-runner.ts'
import type { JobRun } from './job-run.ts'
import { runJobStep } from './job-step/job-step-runner.ts'
import { runPartitionedStep } from './partition/partitioned-step-runner.ts'
import { promote } from './promote.ts'
import { decideRestart, type RestartDecision, type StepVisit } from './restart-decision.ts'
import { runStepExecution, type StepEnding, type StepResult } from './step-execution-runner.ts'
import type { StepRun } from './step-run.ts'
import { runTasklet } from './tasklet/tasklet-runner.ts'

/** @throws BatchError when the step must not be run, or its end cannot be recorded. A failed step is a result. */
export async function runStep(
  job: JobRun,
  stepName: string,
  definition: StepDefinition,
  visit: StepVisit = 'first',
): Promise<StepResult> {
  const previous = job.history.latest(stepName)
  const decision = decideRestart(stepName, definition.options, previous, visit)
  if (decision.action === 'skip') {
    job.observer.stepSkipped?.(decision.last)
    return { execution: decision.last, ran: false, error: undefined }
  }
  const { from } = decision
  const session = await job.repository.beginStep(job.launched.claim, { stepName, executionContext: from })
  const begun = {
    stepName,
    session,
    from,
    earlierCounts: previous?.counts ?? NO_COUNTS,
    reconcilesEarlier: previous?.withSpring !== true,
    listeners: listenersOf(definition),
  }
  const result = await runStepExecution(job, begun, async (run) => {
    const ending = await runBody(job, run, definition, decision)
    if (ending.status === 'COMPLETED') promote(run, definition.options.promote)
    return ending
  })
  job.history.add(result.execution)
  return result
}

function listenersOf(definition: StepDefinition): readonly StepListener[] {
  return definition.kind === 'chunk' ? definition.listeners : (definition.options.listeners ?? [])
}

type Begin = Extract<RestartDecision, { action: 'run' }>

async function runBody(
  job: JobRun,
  run: StepRun,
  definition: StepDefinition,
  decision: Begin,
): Promise<StepEnding> {
  if (definition.kind === 'tasklet') {
    if (decision.begunBySpring)
      throw notResumable(run, 'a tasklet has no reader that could tell how far it came')
    const { outcome, exitStatus } = await runTasklet(run, definition)
    return { status: outcome === 'completed' ? 'COMPLETED' : 'STOPPED', exitStatus }
  }
  if (definition.kind === 'partitioned') {
    if (decision.begunBySpring) throw notResumable(run, 'its partitions are not in a plan of ours')
    return runPartitionedStep(job, run, definition)
  }
  if (definition.kind === 'job') {
    if (decision.begunBySpring) throw notResumable(run, 'the instance that it has begun is not known here')
    return runJobStep(run, definition, job.launchChild)
  }
  return chunkEnding(run, await runChunkStep(run, definition, decision))
}

function notResumable({ stepName }: StepRun, reason: string): BatchError {
  return new BatchError(
    'JOB_RESTART_REFUSED',
    `Step ${stepName} was begun by Spring Batch, and ${reason}. ` +
      'Finish it with Spring Batch, or start an instance with other parameters.',
    { details: { stepName } },
  )
}
