/** One instance of a job from nothing to its completion, through all the processes that it takes. */
import { describeError } from '../../core/model/error-description.ts'
import { isBatchError } from '../../core/model/batch-error.ts'
import type { JobDefinition } from '../../core/definition/define-job.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import { addCounts, NO_COUNTS, type StepCounts } from '../../core/model/step-execution.ts'
import { settle } from '../../core/engine/first-error.ts'
import { createJobOperator } from '../../core/operator/job-operator.ts'
import { createJobRegistry } from '../../core/operator/job-registry.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import { rehearsalRepository } from '../../repository/memory/rehearsal-repository.ts'
import { SILENT_LOGGER } from '../contracts/scope.ts'
import { createKillSwitch, type KillPoint, type KillSwitch } from './kill-switch.ts'
import { closeAll, type KillWorld } from './kill-world.ts'
import { mortalJob } from './mortal-job.ts'
import { mortalRepository } from './mortal-repository.ts'

export interface Play {
  readonly world: KillWorld
  readonly job: JobDefinition
  readonly parameters: Readonly<Record<string, unknown>>
  readonly clock: Clock
  readonly output: () => unknown
  /** How often a run that fails by itself is restarted. */
  readonly restarts: number
}

/** Chooses the point at which a process dies. */
export type Death = (point: KillPoint, index: number) => boolean

export interface PlayedThrough {
  readonly output: unknown
  /** By step, summed over its executions. */
  readonly counts: Readonly<Record<string, ItemCounts>>
  /** The points that the first process passed. */
  readonly passed: readonly KillPoint[]
}

/** Commits and rollbacks depend on where the process died; what became of the items does not. */
export type ItemCounts = Omit<StepCounts, 'commitCount' | 'rollbackCount'>

/**
 * The first process dies the first of the deaths, and so on; those after them live until the job is complete.
 * @throws Error when it fails by itself too often, or is refused a restart
 */
export async function playThrough(
  play: Play,
  deaths: readonly Death[],
  onDeath: (point: KillPoint) => void = () => {},
): Promise<PlayedThrough> {
  const lives: KillSwitch[] = []
  let failures = 0
  await play.world.renew()
  try {
    for (;;) {
      const life = createKillSwitch(deaths[lives.length])
      lives.push(life)
      const end = await live(play, life, lives.length)
      if (end.ending === 'killed') onDeath(end.at)
      if (end.ending === 'completed') return await result(play, end.executions, lives)
      if (end.ending === 'failed' && ++failures > play.restarts) throw new Error(end.reason)
    }
  } finally {
    await closeAll(lives.map(({ bury }) => bury))
  }
}

type End =
  | { readonly ending: 'completed'; readonly executions: readonly JobExecutionDetails[] }
  | { readonly ending: 'killed'; readonly at: KillPoint }
  | { readonly ending: 'failed'; readonly reason: string }

async function live(play: Play, life: KillSwitch, number: number): Promise<End> {
  const { repository, end, cut } = await play.world.connect()
  try {
    const ended = await settle(() => runUntilDeath(play, life, number, repository))
    const at = life.diedAt()
    if (at !== undefined) return { ending: 'killed', at }
    if ('error' in ended) return { ending: 'failed', reason: reasonOf(ended.error) }
    const { execution, error } = ended.value
    if (execution.status !== 'COMPLETED')
      return { ending: 'failed', reason: `it ended ${execution.status}: ${reasonOf(error)}` }
    const executions = await executionsOf(repository, execution.jobInstance.id)
    return { ending: 'completed', executions }
  } finally {
    await (life.diedAt() === undefined ? end() : cut(life.sessions))
  }
}

/** When the process dies, its run is aborted, so that it ends soon; nothing of it reaches the world any more. */
async function runUntilDeath(
  { job, parameters, clock }: Play,
  life: KillSwitch,
  number: number,
  repository: JobRepository,
): Promise<{ readonly execution: JobExecutionDetails; readonly error: unknown }> {
  const mortal = mortalJob(life, job)
  const owner = ownerOf(number)
  const operator = createJobOperator({
    repository: mortalRepository(life, job.steps, repository),
    registry: createJobRegistry([mortal]),
    logger: SILENT_LOGGER,
    leaseMilliseconds: 30_000,
    clock,
    by: 'kill points',
    owner,
    rehearsalOf: rehearsalRepository,
    processState: ({ pid }) => (pid === owner.pid ? 'alive' : 'dead'),
  })
  const started = await settle(() => operator.start(mortal, parameters))
  if ('error' in started) {
    const complete = completeExecution(started.error)
    if (complete === undefined) throw started.error
    return { execution: await found(repository, complete), error: undefined }
  }
  life.onDeath(() => started.value.abort('the process was killed'))
  return started.value.ended
}

/** No process of this machine is named so. */
function ownerOf(number: number) {
  return {
    host: 'kill-points',
    pid: number,
    bootId: 'boot',
    pidNamespace: 'pids',
    processStart: String(number),
  }
}

/** A process that was killed behind the end of its job has left nothing to do. */
function completeExecution(refusal: unknown): string | undefined {
  if (!isBatchError(refusal, 'JOB_INSTANCE_ALREADY_COMPLETE')) return undefined
  return String(refusal.details['jobExecutionId'])
}

async function found(repository: JobRepository, id: string): Promise<JobExecutionDetails> {
  const execution = await repository.findJobExecution(id)
  if (execution === undefined) throw new Error(`job execution ${id} is not in ${repository.description}`)
  return execution
}

async function executionsOf(
  repository: JobRepository,
  jobInstanceId: string,
): Promise<readonly JobExecutionDetails[]> {
  const executions = await repository.listJobExecutions({ jobInstanceId, limit: 1_000 })
  return Promise.all(executions.map(({ id }) => withPartitions(repository, id)))
}

/** More partitions than a test has. */
const ALL = 100_000

async function withPartitions(repository: JobRepository, id: string): Promise<JobExecutionDetails> {
  const execution = await found(repository, id)
  const parts = await repository.partitions.listPartitionExecutions({ jobExecutionId: id, limit: ALL })
  return { ...execution, stepExecutions: [...execution.stepExecutions, ...parts] }
}

async function result(
  { job, output }: Play,
  executions: readonly JobExecutionDetails[],
  lives: readonly KillSwitch[],
): Promise<PlayedThrough> {
  return {
    output: structuredClone(await output()),
    counts: sumCounts(job, executions),
    passed: lives[0]?.passed ?? [],
  }
}

/**
 * Left out are steps that are allowed to run again after their completion, which count as often as they run, and the sums that
 * a partitioned step gives of its partitions when it ends: those of an execution that was killed before are not in them.
 */
function sumCounts(
  job: JobDefinition,
  executions: readonly JobExecutionDetails[],
): Readonly<Record<string, ItemCounts>> {
  const sums = new Map<string, StepCounts>()
  for (const step of executions.flatMap(({ stepExecutions }) => stepExecutions)) {
    const definition = job.steps[step.stepName]
    if (definition?.kind === 'partitioned' || definition?.options.allowStartIfComplete === true) continue
    sums.set(step.stepName, addCounts(sums.get(step.stepName) ?? NO_COUNTS, step))
  }
  return Object.fromEntries([...sums].map(([name, counts]) => [name, itemCounts(counts)]))
}

function itemCounts(counts: StepCounts): ItemCounts {
  const { commitCount: _, rollbackCount: __, ...ofItems } = counts
  return ofItems
}

function reasonOf(error: unknown): string {
  return describeError(error === undefined ? new Error('no reason is known') : error, 400)
}
