/** Opens the repository and puts it together with the project's jobs, for as long as one command takes. */
import { type AnyJob, type Batch, createBatch } from '../create-batch.ts'
import { type CommandContext, loggerFor } from './command-context.ts'
import type { Project } from './find-project.ts'
import { openRepository } from './open-repository.ts'
import { repositoryPlace } from './repository-place.ts'

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
  const logger = await loggerFor(context, project)
  const opened = await openRepository(repositoryPlace(project, context.environment), signal)
  const { leaseMilliseconds } = project.config
  try {
    const { repository } = opened
    return await work(
      createBatch({
        repository,
        jobs,
        logger,
        ...(leaseMilliseconds === undefined ? {} : { leaseMilliseconds }),
      }),
    )
  } finally {
    await closeQuietly(opened, context)
  }
}

async function closeQuietly(opened: AsyncDisposable, { output }: CommandContext): Promise<void> {
  try {
    await opened[Symbol.asyncDispose]()
  } catch (error) {
    output.tell(`warning: the repository could not be closed properly: ${String(error)}`)
  }
}
