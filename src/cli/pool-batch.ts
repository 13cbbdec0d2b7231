/** The batch of a server's command, made again in a process of its pool. */
import type { PoolBatch } from '../pool/pool-batch.ts'
import type { Tell } from '../telemetry/observation.ts'
import type { CommandContext, GlobalOptions } from './command-context.ts'
import { findProject } from './find-project.ts'
import { openBatch } from './open-batch.ts'
import { openOutput } from './output.ts'

export interface PoolOrder {
  readonly options: GlobalOptions
  readonly cwd: string
}

/** With the same project, options and environment; closing it closes the repository too. */
export async function openPoolBatch({ options, cwd }: PoolOrder, observations: Tell): Promise<PoolBatch> {
  const context: CommandContext = { options, cwd, environment: process.env, output: openOutput(false) }
  const project = await findProject(options, cwd)
  const schedules = await project.schedules()
  const batch = await openBatch(context, project, await project.jobs(), { observations })
  return { ...batch, schedules }
}
