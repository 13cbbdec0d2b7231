/** The fingerprint of a definition. */
import {
  type DefinitionFingerprint,
  FINGERPRINT_FORMAT,
  type StepFingerprint,
} from '../model/definition-fingerprint.ts'
import type { JobDefinition } from './define-job.ts'
import { fingerprintOfFlow } from './flow-fingerprint.ts'
import { parameterKind } from './parameter-kind.ts'
import type { StepDefinition } from './step-definition.ts'

/**
 * What may change without harm is left out, so that the repair of a fault needs no permission: what callbacks do, chunk
 * sizes and limits, retry and skip, listeners, descriptions. Readers and writers are made late and are not in here: their
 * kind, version and input stand beside their checkpoints, and are compared when the step resumes.
 */
export function fingerprintOf({ parameters, steps, flow }: JobDefinition): DefinitionFingerprint {
  const types = Object.entries(parameters.shape).map(([name, schema]): [string, string] => [
    name,
    parameterKind(schema)?.javaType ?? 'unknown',
  ])
  return {
    format: FINGERPRINT_FORMAT,
    parameters: Object.fromEntries(types),
    steps: Object.entries(steps).map(([name, step]) => ({ name, ...fingerprintOfStep(step) })),
    flow: fingerprintOfFlow(flow, Object.keys(steps)),
  }
}

function fingerprintOfStep(step: StepDefinition): Omit<StepFingerprint, 'name'> {
  switch (step.kind) {
    case 'chunk':
      return { kind: 'chunk-oriented' }
    case 'tasklet':
      return { kind: 'a tasklet' }
    case 'partitioned':
      return { kind: 'partitioned' } // its plan was stored when it was begun, and is not asked for again
    case 'job':
      return { kind: 'a job', traits: { job: step.job.name } }
    default:
      return step satisfies never
  }
}
