/** Opens the repository and puts it together with the project's jobs, for as long as one command takes. */
import { type AnyJob, type Batch, createBatch } from '../create-batch.ts'
import { type CommandContext, loggerFor } from './command-context.ts'
import type { Project } from './find-project.ts'
import { forkedModule } from './forked-module.ts'
import { openRepository } from './open-repository.ts'
import { projectTracing } from './project-tracing.ts'
import { repositoryPlace } from './repository-place.ts'
import type { Tell } from '../telemetry/observation.ts'

/**
 * Does the work with an open repository and closes it after, whatever happens. What fails in closing is told, and
 * changes neither the result nor an error.
 */
export async function withBatch<T>(
  context: CommandContext,
  project: Project,
  jobs: readonly AnyJob[],
  work: (batch: Batch) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const batch = await openBatch(context, project, jobs, signal === undefined ? {} : { signal })
  try {
    return await work(batch)
  } finally {
    await closeQuietly(batch, context)
  }
}

export interface OpenBatchOptions {
  readonly signal?: AbortSignal
  /** Told of all launches and runs. */
  readonly observations?: Tell
}

/** Closing it closes all that was opened for it. */
export async function openBatch(
  context: CommandContext,
  project: Project,
  jobs: readonly AnyJob[],
  { signal, observations }: OpenBatchOptions = {},
): Promise<Batch> {
  const logger = await loggerFor(context, project)
  const opened = await openRepository(repositoryPlace(project, context.environment), signal)
  const { leaseMilliseconds } = project.config
  try {
    const batch = createBatch({
      repository: opened.repository,
      jobs,
      logger,
      workers: forkedModule(context, 'openWorkerBatch'),
      ...projectTracing(project.config),
      ...(observations && { observations }),
      ...(leaseMilliseconds === undefined ? {} : { leaseMilliseconds }),
    })
    const close = async () => opened[Symbol.asyncDispose]()
    return { ...batch, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    await closeQuietly(opened, context)
    throw error
  }
}

async function closeQuietly(opened: AsyncDisposable, { output }: CommandContext): Promise<void> {
  try {
    await opened[Symbol.asyncDispose]()
  } catch (error) {
    output.tell(`warning: the repository could not be closed properly: ${String(error)}`)
  }
}
