/** The jobs that can be started, by name. */
import { checkDefinition } from '../definition/check-definition.ts'
import type { JobDefinition } from '../definition/define-job.ts'
import { BatchError } from '../model/batch-error.ts'
import { didYouMeanOr } from '../model/nearest-name.ts'

export interface JobRegistry {
  readonly jobs: readonly JobDefinition[]
  /** @throws BatchError NO_SUCH_JOB, with the nearest name. */
  readonly find: (name: string) => JobDefinition
}

/** Every fault of every job, of those that are run as steps too. Empty when there is nothing to report. */
export function findFaults(jobs: readonly JobDefinition[]): readonly string[] {
  const known = withChildren(jobs)
  return [
    ...duplicates([...jobs, ...known.filter((job) => !jobs.includes(job))]),
    ...known.flatMap((job) => checkDefinition(job).map((fault) => `job ${job.name}: ${fault}`)),
  ]
}

/** @throws BatchError INVALID_JOB_DEFINITION, with every fault of every job. */
export function createJobRegistry(jobs: readonly JobDefinition[]): JobRegistry {
  const faults = findFaults(jobs)
  if (faults.length > 0) {
    throw new BatchError(
      'INVALID_JOB_DEFINITION',
      `These definitions cannot be run:${faults.map((one) => `\n  ${one}`).join('')}`,
      {
        details: { faults },
      },
    )
  }
  const byName = new Map(withChildren(jobs).map((job) => [job.name, job]))
  return { jobs: [...jobs], find: (name) => byName.get(name) ?? refuseUnknownJob(name, [...byName.keys()]) }
}

/** Jobs that are run as steps are found by their names too: they have executions that can be shown and restarted. */
function withChildren(jobs: readonly JobDefinition[]): readonly JobDefinition[] {
  const known = new Set<JobDefinition>()
  const add = (job: JobDefinition): void => {
    if (known.has(job)) return
    known.add(job)
    for (const step of Object.values(job.steps)) if (step.kind === 'job') add(step.job as JobDefinition)
  }
  for (const job of jobs) add(job)
  return [...known]
}

function duplicates(jobs: readonly JobDefinition[]): readonly string[] {
  const names = jobs.map((job) => job.name)
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  return [...twice].map((name) => `job ${name}: the name is used by more than one job`)
}

/** @throws BatchError NO_SUCH_JOB */
export function refuseUnknownJob(name: string, known: readonly string[]): never {
  const hint = didYouMeanOr(name, known, `Known jobs: ${known.join(', ') || 'none'}.`)
  throw new BatchError('NO_SUCH_JOB', `There is no job ${name}. ${hint}`, { details: { name, known } })
}
