/** Starts jobs that are steps of others: as anybody else would, but that a complete instance is no refusal. */
import type { JobDefinition } from '../definition/define-job.ts'
import { type ParsedParameters, parseParameters } from '../definition/parse-parameters.ts'
import { parseRecordedParameters } from '../definition/recorded-parameters.ts'
import type { ChildLaunch, ChildLauncher } from '../engine/child-launcher.ts'
import { StopRequested } from '../engine/run-control.ts'
import { isBatchError } from '../model/batch-error.ts'
import { findExecution } from './find-execution.ts'
import type { OperatorParts } from './operator-parts.ts'
import type { StartedJob, StartOptions } from './started-job.ts'

type Start = (job: JobDefinition, parsed: ParsedParameters, options: StartOptions) => Promise<StartedJob>

export function childLauncher({ registry, repository }: OperatorParts, start: Start): ChildLauncher {
  return {
    record: async ({ name, parameters }, input) => {
      const { recorded } = await parseParameters(name, parameters, input as Record<string, unknown>)
      return recorded
    },
    launch: async ({ name }, recorded, options) => {
      const job = registry.find(name)
      const parsed = await parseRecordedParameters(name, job.parameters, recorded)
      try {
        return started(await start(job, parsed, options))
      } catch (error) {
        if (!isBatchError(error, 'JOB_INSTANCE_ALREADY_COMPLETE')) throw error
        const { id, exitStatus } = await findExecution(repository, String(error.details['jobExecutionId']))
        return { kind: 'complete', jobExecutionId: id, exitStatus }
      }
    },
  }
}

function started({ execution, stop, abort, ended }: StartedJob): ChildLaunch {
  const giveUp = (reason: Error) =>
    reason instanceof StopRequested ? stop(reason.message, { graceMilliseconds: 0 }) : abort(reason.message)
  return { kind: 'started', jobExecutionId: execution.id, run: { stop, abort: giveUp, ended } }
}
