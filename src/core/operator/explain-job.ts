/** What a job would do with given parameters, and what each of its steps guarantees, before anything runs. */
import type { StepScope } from '../definition/callback-scope.ts'
import type { JobDefinition } from '../definition/define-job.ts'
import type {
  ChunkStepDefinition,
  PartitionedStepDefinition,
  StepDefinition,
} from '../definition/step-definition.ts'
import { effectiveGuarantee } from '../engine/effective-guarantee.ts'
import type { Partition } from '../model/partition.ts'
import type { Guarantee } from '../ports/item-writer.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { Logger } from '../ports/logger.ts'
import { sampleScope } from './sample-scope.ts'

export type StepExplanation =
  | ChunkStepExplanation
  | PartitionedStepExplanation
  | { readonly name: string; readonly kind: 'tasklet'; readonly meaning: string }
  | { readonly name: string; readonly kind: 'job'; readonly jobName: string; readonly meaning: string }

interface ChunkExplanation {
  readonly reader: string
  readonly writer: string
  readonly chunkSize: number
  /** Further limits of a chunk; null where there is none. */
  readonly maxBytes: number | null
  readonly maxMilliseconds: number | null
  readonly guarantee: Guarantee
  /** A sentence: what happens to an item when the process dies. */
  readonly meaning: string
}

interface ChunkStepExplanation extends ChunkExplanation {
  readonly name: string
  readonly kind: 'chunk'
}

/** Reader and writer are those of the first partition. */
export interface PartitionedStepExplanation extends ChunkExplanation {
  readonly name: string
  readonly kind: 'partitioned'
  /** As many as there would be now; a restart goes on with the plan that was stored. */
  readonly partitions: number
  /** How many of them are worked on at the same time. */
  readonly concurrency: number
  /** Worker processes; 0: the process that runs the job. */
  readonly processes: number
}

/**
 * Makes the readers and writers without opening them, and asks the partitioners. `parameters` are those that the job's callbacks
 * would get.
 */
export async function explainJob(
  job: JobDefinition,
  parameters: unknown,
  repository: JobRepository,
  logger: Logger,
): Promise<readonly StepExplanation[]> {
  const explained: StepExplanation[] = []
  for (const [name, step] of Object.entries(job.steps)) {
    const scope = sampleScope(job, name, parameters, repository, logger)
    explained.push(await explainStep(name, step, scope, repository))
  }
  return explained
}

const OWN_TRANSACTION =
  'exactly once: items are committed in a transaction of the writer that keeps the counts too, and a restart records what is missing'

const MEANINGS: Readonly<Record<Guarantee, string>> = {
  transactional: 'exactly once: items, counts and checkpoint are committed together',
  idempotent: 'after a crash the last chunk may be written again, which changes nothing',
  'at-least-once': 'after a crash the last chunk may be written again, and its items may be seen twice',
}

async function explainStep(
  name: string,
  step: StepDefinition,
  scope: StepScope<unknown>,
  repository: JobRepository,
): Promise<StepExplanation> {
  switch (step.kind) {
    case 'tasklet':
      return {
        name,
        kind: 'tasklet',
        meaning:
          'what it writes through its transaction is committed with the step; anything else may be done again after a crash',
      }
    case 'chunk':
      return { name, kind: 'chunk', ...explainChunks(step, scope, repository) }
    case 'partitioned':
      return explainPartitionedStep(name, step, scope, repository)
    case 'job':
      return {
        name,
        kind: 'job',
        jobName: step.job.name,
        meaning:
          'the other job has an instance of its own: it is completed once, and restarted with this one',
      }
    default:
      return step satisfies never
  }
}

async function explainPartitionedStep(
  name: string,
  { options, partitions, chunk }: PartitionedStepDefinition,
  scope: StepScope<unknown>,
  repository: JobRepository,
): Promise<PartitionedStepExplanation> {
  const { concurrency, processes } = options
  let count = 0
  let first: Partition | undefined
  for await (const partition of await partitions(scope)) {
    first ??= partition
    count += 1
  }
  const common = { name, kind: 'partitioned', partitions: count, concurrency, processes } as const
  return {
    ...common,
    ...explainChunks(chunk, { ...scope, partition: first } as StepScope<unknown>, repository),
  }
}

function explainChunks(
  step: ChunkStepDefinition,
  scope: StepScope<unknown>,
  repository: JobRepository,
): ChunkExplanation {
  const writer = step.writer(scope)
  const { guarantee, lacks } = effectiveGuarantee(writer, repository)
  const downgrade =
    lacks === undefined ? '' : ` (the transaction of ${repository.description} has no ${lacks})`
  const { size, maxBytes = null, maxMilliseconds = null } = step.options
  return {
    reader: step.reader(scope).description,
    writer: writer.description,
    chunkSize: typeof size === 'function' ? size(scope) : size,
    maxBytes,
    maxMilliseconds,
    guarantee,
    meaning: writer.hasOwnTransaction === true ? OWN_TRANSACTION : MEANINGS[guarantee] + downgrade,
  }
}
