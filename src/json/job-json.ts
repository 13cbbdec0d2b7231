/** A job's definition for programs. */
import type { JobDefinition } from '../core/definition/define-job.ts'
import { parametersJsonSchema } from '../core/definition/parameters-schema.ts'
import type { Json } from './execution-json.ts'
import { flowJson } from './flow-json.ts'

export function jobJson(job: JobDefinition): Json {
  const { name, description, restartable, exitCodes, steps } = job
  return {
    name,
    description,
    restartable,
    exitCodes,
    parametersSchema: parametersJsonSchema(job.parameters),
    steps: Object.entries(steps).map(([stepName, { kind, options }]) => ({
      name: stepName,
      kind,
      allowStartIfComplete: options.allowStartIfComplete ?? false,
      startLimit: options.startLimit ?? null,
    })),
    flow: flowJson(job.flow),
  }
}
