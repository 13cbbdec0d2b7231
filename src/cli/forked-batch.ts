/** The batch of a command, made again in a process that it forks: with the same project, options and environment. */
import type { Batch } from '../create-batch.ts'
import type { PoolBatch } from '../pool/pool-batch.ts'
import type { Tell } from '../telemetry/observation.ts'
import type { CommandContext } from './command-context.ts'
import { findProject } from './find-project.ts'
import type { ProjectOrder } from './forked-module.ts'
import { openBatch } from './open-batch.ts'
import { openOutput } from './output.ts'

/** Closing it closes the repository too. */
export async function openWorkerBatch(order: ProjectOrder): Promise<Batch> {
  const { options, cwd } = order
  const project = await findProject(options, cwd)
  return openBatch(contextOf(order), project, await project.jobs())
}

/** Closing it closes the repository too. */
export async function openPoolBatch(order: ProjectOrder, observations: Tell): Promise<PoolBatch> {
  const { options, cwd } = order
  const project = await findProject(options, cwd)
  const schedules = await project.schedules()
  const batch = await openBatch(contextOf(order), project, await project.jobs(), { observations })
  return { ...batch, schedules }
}

function contextOf({ options, cwd }: ProjectOrder): CommandContext {
  return { options, cwd, environment: process.env, output: openOutput(false) }
}
