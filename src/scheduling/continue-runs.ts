/** Runs that have lost their process: continued, or closed as FAILED, as the record and their schedule say. */
import { isBatchError } from '../core/model/batch-error.ts'
import { isLive } from '../core/model/batch-status.ts'
import type { JobExecutionSummary } from '../core/model/job-execution.ts'
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import {
  deathsOf,
  decideResumption,
  diedTooOften,
  isTakenByOther,
  type Keeper,
  keeperOf,
  type Resumption,
} from '../core/operator/resumption.ts'
import { continueFire } from './fire-schedule.ts'
import { launchRun } from './launch-run.ts'
import type { PlannedSchedule, SchedulerParts } from './scheduler-parts.ts'

/** Any number of processes may do it at once: of two that continue a run, one comes second, and leaves it. */
export async function continueRuns(parts: SchedulerParts): Promise<void> {
  const { operator, settled } = parts
  for (const execution of [...(await operator.listStale()), ...(await operator.listInterrupted(settled))]) {
    if (!settled.has(execution.id)) await unlessTaken(parts, execution, () => lookAfter(parts, execution))
  }
}

async function lookAfter(parts: SchedulerParts, execution: JobExecutionSummary): Promise<void> {
  const fire = await parts.repository.schedules.findFireOfInstance(execution.jobInstance.id)
  const schedule = parts.schedules.find(({ name }) => name === fire?.schedule)
  if (fire !== undefined && schedule === undefined && mayBeAnothers(parts, execution)) return
  const resumption = await resumptionOf(parts, execution, schedule)
  if (resumption === 'close') await close(parts, execution)
  // Neither who keeps it nor what its schedule says ever changes while this process is there.
  if (resumption === 'leave') parts.settled.add(execution.id)
  if (resumption !== 'continue' || fire === undefined || schedule === undefined) return
  if (await isSuperseded(parts, schedule, fire)) parts.settled.add(execution.id)
  else await goOn(parts, execution, schedule, fire)
}

async function close({ operator, logger }: SchedulerParts, { id }: JobExecutionSummary): Promise<void> {
  const { recovered, reason } = await operator.recover(id)
  if (recovered) logger.warn({ execution: id }, `execution ${id} is recovered: ${reason ?? ''}`)
}

/** Beyond the lease of a run whose schedule is not known here. A scheduler that knows it needs a second. */
const OTHERS_MILLISECONDS = 300_000

/** Of a run whose schedule is not known here: whether a scheduler that knows it may still come, and restart it. */
function mayBeAnothers({ clock }: SchedulerParts, { status, owner }: JobExecutionSummary): boolean {
  if (!isLive(status) || owner === null) return false
  return clock.now().getTime() < owner.leaseExpiresAt.getTime() + OTHERS_MILLISECONDS
}

/** Where a later slot stops the run of an earlier one, it does so too when that has stopped before. */
async function isSuperseded(
  { repository }: SchedulerParts,
  { name, overlap }: PlannedSchedule,
  { slot }: ScheduleFire,
): Promise<boolean> {
  if (overlap !== 'stop-previous') return false
  const later = await repository.schedules.listFires({
    schedule: name,
    outcomes: ['FIRED'],
    after: slot,
    limit: 1,
  })
  return later.length > 0
}

async function resumptionOf(
  { repository, logger }: SchedulerParts,
  execution: JobExecutionSummary,
  schedule: PlannedSchedule | undefined,
): Promise<Resumption> {
  const restarts = schedule?.onRecovered === 'restart'
  const deaths = await deathsOf(repository, execution)
  const keeper = keeperOfRun(execution, schedule)
  const resumption = decideResumption('scheduler', { execution, keeper, restarts, deaths })
  const why = resumption === 'close' ? diedTooOften(execution, { restarts, deaths }) : undefined
  if (why !== undefined) logger.error({ execution: execution.id, deaths }, why)
  return resumption
}

/** What a person has restarted by hand belongs to its slot all the same; what was launched before that was recorded, too. */
function keeperOfRun(
  { launch }: JobExecutionSummary,
  schedule: PlannedSchedule | undefined,
): Keeper | undefined {
  const recorded = launch === null ? undefined : keeperOf(launch)
  return recorded ?? (schedule === undefined ? undefined : 'scheduler')
}

async function goOn(
  parts: SchedulerParts,
  execution: JobExecutionSummary,
  schedule: PlannedSchedule,
  fire: ScheduleFire,
): Promise<void> {
  const { id } = execution
  const facts = { schedule: schedule.name, slot: fire.slot.toISOString() }
  const why = isLive(execution.status) ? 'process has died' : 'process was told to end'
  try {
    const started = isLive(execution.status)
      ? await restart(parts, execution, schedule, fire)
      : await continueFire(parts, schedule, fire, execution)
    if (started === undefined) return
    parts.logger.warn(
      { ...facts, execution: started.execution.id },
      `execution ${started.execution.id} continues ${id}, whose ${why}`,
    )
  } catch (error) {
    if (!isRefusal(error)) throw error
    parts.settled.add(id)
    if (isLive(execution.status)) await parts.operator.recover(id)
    parts.logger.error({ err: error, ...facts }, `execution ${id} is not continued`)
  }
}

/** Nothing can have come in its way: an execution whose owner is dead is in the way of every other. */
async function restart(
  parts: SchedulerParts,
  { id }: JobExecutionSummary,
  { name, onRecovered }: PlannedSchedule,
  { slot }: ScheduleFire,
) {
  const by = `schedule ${name} ${slot.toISOString()}, after its process died`
  const trigger = { type: 'schedule', name } as const
  const launch = () => parts.operator.restart(id, { by, trigger, runner: 'scheduler', continues: id })
  const started = await launchRun(parts, launch, (one) => one)
  parts.running.add(started, onRecovered)
  return started
}

/** Another process was faster, or its owner is alive after all. What goes wrong with one run must not hold up the others. */
async function unlessTaken(
  { logger }: SchedulerParts,
  { id }: JobExecutionSummary,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (isBatchError(error, 'REPOSITORY_UNAVAILABLE')) throw error
    if (isTakenByOther(error)) return
    logger.error(
      { err: error, execution: id },
      `looking after execution ${id} has met an error; it is tried again`,
    )
  }
}

/** Whatever else keeps it from being launched, nothing but another version of the program can change it. */
function isRefusal(error: unknown): boolean {
  return isBatchError(error) && error.code !== 'REPOSITORY_UNAVAILABLE' && !isTakenByOther(error)
}
