/** Waits for the end of an execution, whoever runs it, by looking at the record again and again. */
import { isLive } from '../model/batch-status.ts'
import type { JobExecution, JobExecutionDetails } from '../model/job-execution.ts'
import { RUN_EVENTS, type RunObserver } from '../ports/run-observer.ts'
import { checkInterval } from './check-interval.ts'
import { findExecution } from './find-execution.ts'
import { guardObserver } from './guard-observer.ts'
import { type ObserveLook, observeLooks } from './observe-looks.ts'
import type { OperatorParts } from './operator-parts.ts'
import { deathOf, ownerDied } from './owner-death.ts'

export interface Waiting {
  readonly signal: AbortSignal
  /** Told what each look at the record shows; of an execution that has ended already nothing. */
  readonly observer?: RunObserver
  /** How often it is asked. @default 500 */
  readonly everyMilliseconds?: number
}

const WAITING_MILLISECONDS = 500

export async function waitForEnd(
  parts: OperatorParts,
  id: string,
  { signal, observer, everyMilliseconds = WAITING_MILLISECONDS }: Waiting,
): Promise<JobExecutionDetails> {
  const { repository, clock, processState } = parts
  checkInterval(everyMilliseconds)
  let look: ObserveLook | undefined
  let death: string | undefined
  for (;;) {
    signal.throwIfAborted()
    const execution = await findExecution(repository, id)
    if (observer !== undefined) {
      look ??= observeLooks(guardObserver(observer, RUN_EVENTS, parts.logger), stepNamesOf(parts, execution))
      look(execution, await repository.partitions.listPartitionOverviews(id))
    }
    if (!isLive(execution.status)) return execution
    if (death !== undefined) throw ownerDied(execution, death)
    death = execution.owner === null ? undefined : deathOf(processState, execution.owner)
    // Looked at again at once: the process may have recorded the end, and gone, since we have read that it runs.
    if (death === undefined) await clock.sleep(everyMilliseconds, signal)
  }
}

/** None where the job is not known here. */
function stepNamesOf({ registry }: OperatorParts, { jobInstance }: JobExecution): readonly string[] {
  const job = registry.jobs.find(({ name }) => name === jobInstance.jobName)
  return Object.keys(job?.steps ?? {})
}
