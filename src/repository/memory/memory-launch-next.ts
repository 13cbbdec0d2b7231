/** The next instance of a job in memory. */
import { isBesideSequence, RUN_ID, runIdOf } from '../../core/model/framework-parameters.ts'
import type { JobExecution } from '../../core/model/job-execution.ts'
import type { Launched, LaunchKey, NextLaunchRequest } from '../../core/ports/launch.ts'
import { launch } from './memory-launch.ts'
import { executionsOf, type MemoryState, snapshot } from './memory-state.ts'

/** Between asking and launching others may have launched the same instance: then it is asked again. */
export async function launchNext(
  state: MemoryState,
  request: NextLaunchRequest & { readonly key?: LaunchKey },
): Promise<Launched> {
  const { jobName } = request
  const latest = latestOfInstances(state, jobName)
  const execution = latest.find(({ jobParameters }) => !isBesideSequence(jobParameters))
  const numbered = latest.find(({ jobParameters }) => jobParameters.some(({ name }) => name === RUN_ID))
  for (let runId = runIdOf(numbered?.jobParameters ?? []); ; runId += 1n) {
    const identity = await request.next({ execution, runId })
    const isThere = state.instances.some((one) => one.jobName === jobName && one.jobKey === identity.jobKey)
    if (isThere) continue
    const launched = launch(state, { ...request, ...identity, decide: () => ({ action: 'start' }) })
    return execution === undefined ? launched : { ...launched, after: execution }
  }
}

/** Newest instance first. */
function latestOfInstances(state: MemoryState, jobName: string): readonly JobExecution[] {
  const instances = state.instances.filter((one) => one.jobName === jobName).toReversed()
  return instances.flatMap((instance) => {
    const latest = executionsOf(state, instance).at(-1)
    return latest === undefined ? [] : [snapshot(state, latest)]
  })
}
