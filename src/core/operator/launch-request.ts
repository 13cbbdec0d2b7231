/** A launch of a job with parsed parameters, as the repository is asked for it. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { ParsedParameters } from '../definition/parse-parameters.ts'
import { jobKey } from '../model/job-key.ts'
import type { LaunchRequest } from '../ports/launch.ts'
import { changesSince, decideLaunch, type LaunchRules } from './launch-decision.ts'
import { termsOf } from './launch-terms.ts'
import type { OperatorParts } from './operator-parts.ts'
import type { StartOptions } from './started-job.ts'

export interface PreparedLaunch {
  readonly request: LaunchRequest
  /** Once it was launched: says over which changes of the definition this execution goes on. */
  readonly warn: (jobExecutionId: string) => void
}

export function prepareLaunch(
  parts: OperatorParts,
  job: JobDefinition,
  parsed: ParsedParameters,
  options: StartOptions,
): PreparedLaunch {
  const terms = termsOf(parts, job, options)
  const { acceptChanges = false, continues } = options
  const rules: LaunchRules = {
    jobName: job.name,
    restartable: job.restartable,
    definition: terms.definition,
    acceptsChange: (change) => acceptChanges || job.acceptedChanges.includes(change),
    processState: parts.processState,
    ...(continues !== undefined && { continues }),
  }
  let accepted: readonly string[] = []
  return {
    request: {
      ...terms,
      jobKey: jobKey(parsed.recorded),
      parameters: parsed.recorded,
      decide: (latest) => {
        accepted = latest === undefined ? [] : changesSince(latest, terms.definition)
        return decideLaunch(rules, latest)
      },
    },
    warn: (execution) => {
      if (accepted.length > 0)
        parts.logger.warn(
          { job: job.name, execution, accepted },
          'restarts over changes of the definition that are accepted',
        )
    },
  }
}
