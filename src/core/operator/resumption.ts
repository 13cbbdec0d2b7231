/** What becomes of a run whose process has died, or was told to end: by the record alone, so that a kill at any moment loses nothing. */
import { isBatchError } from '../model/batch-error.ts'
import { isLive } from '../model/batch-status.ts'
import type { JobExecution, JobExecutionSummary } from '../model/job-execution.ts'
import type { LaunchFacts } from '../model/launch-facts.ts'
import type { JobRepository } from '../ports/job-repository.ts'

/** Processes that live long, and look after what others of their kind have left. */
export type Keeper = 'scheduler' | 'server'

/** Who looks after a run when its process is gone; undefined where nobody but a person does. */
export function keeperOf({ trigger, runner }: LaunchFacts): Keeper | undefined {
  if (runner === 'server') return 'server'
  return runner === 'scheduler' || trigger.type === 'schedule' ? 'scheduler' : undefined
}

/** One of `listStale` or of `listInterrupted`. */
export interface AbandonedRun {
  readonly execution: Pick<JobExecution, 'status' | 'exitStatus'>
  readonly keeper: Keeper | undefined
  /** Whether those who declared it want it restarted. */
  readonly restarts: boolean
  /** See {@link deathsOf}. */
  readonly deaths: number
}

/** `close`: as FAILED. */
export type Resumption = 'continue' | 'close' | 'leave'

/** A job that takes its process with it must not do so for ever. */
const DEATHS = 3

/**
 * | | ours | another keeper's | nobody's |
 * |---|---|---|---|
 * | STOPPED, interrupted | continue, if it is to be restarted | leave | leave |
 * | the same, but ended so by its own flow | leave | leave | leave |
 * | live, owner dead | continue, if it is to be restarted and did not die too often, else close | leave | close |
 * | STOPPING, owner dead: somebody had asked it to stop | close | leave | close |
 */
export function decideResumption(ourselves: Keeper, run: AbandonedRun): Resumption {
  const { execution, keeper, restarts, deaths } = run
  const isOurs = keeper === ourselves
  if (execution.status === 'STOPPED')
    return isOurs && restarts && !endedByFlow(execution) ? 'continue' : 'leave'
  if (!isLive(execution.status)) return 'leave'
  if (!isOurs) return keeper === undefined ? 'close' : 'leave'
  return restarts && execution.status !== 'STOPPING' && deaths <= DEATHS ? 'continue' : 'close'
}

/** Whoever stops a run says why; a flow that ends with a stop waits for a person, and says nothing. */
function endedByFlow({ exitStatus }: AbandonedRun['execution']): boolean {
  return exitStatus.exitDescription === ''
}

/** How often its instance has lost its process in a row, this time included. Zero of one that is not live by its status. */
export async function deathsOf(
  { countDeaths }: Pick<JobRepository, 'countDeaths'>,
  { status, jobInstance }: JobExecutionSummary,
): Promise<number> {
  return isLive(status) ? countDeaths(jobInstance.id) : 0
}

/** For the log, where that is why it is closed; undefined where it is not. */
export function diedTooOften(
  { id }: JobExecutionSummary,
  { restarts, deaths }: Pick<AbandonedRun, 'restarts' | 'deaths'>,
): string | undefined {
  if (!restarts || deaths <= DEATHS) return undefined
  return `execution ${id} is not restarted: its instance has lost its process ${deaths} times in a row; see what ends it`
}

const TAKEN = [
  'JOB_EXECUTION_FOLLOWED',
  'JOB_EXECUTION_ALREADY_RUNNING',
  'JOB_EXECUTION_STILL_RUNNING',
  'JOB_INSTANCE_ALREADY_COMPLETE',
]

/** Of what continuing a run, or closing it, has met: another process was faster, or its owner is alive after all. */
export function isTakenByOther(error: unknown): boolean {
  return isBatchError(error) && TAKEN.includes(error.code)
}
