/** The parameters of a job's next instance: what the last one had, with changes, and a number of its own. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { ParsedParameters } from '../definition/parse-parameters.ts'
import { type ParameterChanges, parseRecordedParameters } from '../definition/recorded-parameters.ts'
import { isFrameworkParameter, runIdParameter } from '../model/framework-parameters.ts'
import { jobKey } from '../model/job-key.ts'
import type { LastInstance, NextInstance } from '../ports/launch.ts'

export interface NextParameters {
  readonly next: (last: LastInstance) => Promise<NextInstance>
  /** What `next` answered last. */
  readonly parsed: () => ParsedParameters
}

/** As Spring's `RunIdIncrementer`: `run.id` counts on from the last one, everything else is kept. */
export function nextParameters(job: JobDefinition, changes: ParameterChanges): NextParameters {
  let parsed: ParsedParameters = { values: {}, recorded: [] }
  return {
    next: async ({ execution, runId }) => {
      const before = (execution?.jobParameters ?? []).filter(({ name }) => !isFrameworkParameter(name))
      const { values, recorded } = await parseRecordedParameters(job.name, job.parameters, before, changes)
      parsed = { values, recorded: [...recorded, runIdParameter(runId + 1n)] }
      return { jobKey: jobKey(parsed.recorded), parameters: parsed.recorded }
    },
    parsed: () => parsed,
  }
}
