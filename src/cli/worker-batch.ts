/** The batch of a command, made again in a worker process. */
import type { Batch } from '../create-batch.ts'
import { createBatch } from '../create-batch.ts'
import { type GlobalOptions, loggerFor } from './command-context.ts'
import { findProject } from './find-project.ts'
import { openRepository } from './open-repository.ts'
import { openOutput } from './output.ts'
import { projectTracing } from './project-tracing.ts'
import { repositoryPlace } from './repository-place.ts'

export interface WorkerOrder {
  readonly options: GlobalOptions
  readonly cwd: string
}

/** With the same project, options and environment; closing it closes the repository too. */
export async function openWorkerBatch({ options, cwd }: WorkerOrder): Promise<Batch> {
  const environment = process.env
  const project = await findProject(options, cwd)
  const logger = await loggerFor({ options, environment, cwd, output: openOutput(false) }, project)
  const opened = await openRepository(repositoryPlace(project, environment))
  const { repository } = opened
  const jobs = await project.jobs()
  const batch = createBatch({ repository, jobs, logger, ...projectTracing(project.config) })
  const close = async () => opened[Symbol.asyncDispose]()
  return { ...batch, close, [Symbol.asyncDispose]: close }
}
