/** The job that redrives a batch: the steps that quarantined its items, each reading the quarantine in place of its source. */
import type { Redrive } from '../../definition/callback-scope.ts'
import type { JobDefinition } from '../../definition/define-job.ts'
import { sequentialFlow } from '../../definition/flow-definition.ts'
import type { ChunkStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import type { QuarantineStore } from '../../ports/quarantine-store.ts'
import { boundScope } from '../chunk/bound-step.ts'
import { AlreadyProcessed } from './already-processed.ts'
import { quarantineReader } from './quarantine-reader.ts'
import { redriveListener } from './redrive-listener.ts'
import { redriveWriter } from './redrive-writer.ts'

export interface RedrivePlace extends Redrive {
  readonly stepNames: readonly string[]
  readonly store: QuarantineStore
}

/**
 * In the order of the job's steps, whatever its flow: what they have to do with each other was done by the origin. It can
 * be restarted also where the job cannot: each item is dealt with once.
 * @throws BatchError REDRIVE_REFUSED where a step is gone, or is no chunk step any more.
 */
export function redriveJob(job: JobDefinition, place: RedrivePlace): JobDefinition {
  const missing = place.stepNames.find((name) => job.steps[name]?.kind !== 'chunk')
  if (missing !== undefined) throw stepGone(job, missing)
  const steps = Object.entries(job.steps).flatMap(([name, step]) =>
    step.kind === 'chunk' && place.stepNames.includes(name) ? [[name, redriveStep(name, step, place)]] : [],
  )
  const names = Object.keys(job.steps).filter((name) => place.stepNames.includes(name))
  return { ...job, restartable: true, steps: Object.fromEntries(steps), flow: sequentialFlow(names) }
}

function redriveStep(stepName: string, step: ChunkStepDefinition, place: RedrivePlace): ChunkStepDefinition {
  const { batchId, originJobExecutionId, store } = place
  const { processor, bytesOf } = step
  const marked = boundScope({ redrive: { batchId, originJobExecutionId } })
  return {
    ...step,
    reader: (scope) => quarantineReader({ store, batchId, stepName, reader: step.reader(marked(scope)) }),
    bytesOf: bytesOf && ((item) => (item instanceof AlreadyProcessed ? 0 : bytesOf(item))),
    processor: (item, scope) => {
      if (item instanceof AlreadyProcessed) return item.output
      return processor === undefined ? item : processor(item, marked(scope))
    },
    writer: (scope) => redriveWriter(stepName, step, marked(scope)),
    listeners: step.listeners.map(redriveListener),
  }
}

function stepGone({ name }: JobDefinition, stepName: string): BatchError {
  return new BatchError(
    'REDRIVE_REFUSED',
    `The items of step ${stepName} cannot be redriven: job ${name} has no chunk step of that name any more. Restore the step, or ` +
      'abandon the redrive.',
    { details: { jobName: name, stepName } },
  )
}
