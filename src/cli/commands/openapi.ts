/** `batchwright openapi` */
import { createJobRegistry } from '../../core/operator/job-registry.ts'
import { openApiDocument } from '../../http/open-api-document.ts'
import { OPERATIONS } from '../../http/operations/index.ts'
import { type CommandContext, projectOf } from '../command-context.ts'

/** As a server with tokens answers it. Nothing is opened. */
export async function openApi(context: CommandContext): Promise<number> {
  const project = await projectOf(context)
  const { jobs } = createJobRegistry(project.namesJobs ? await project.jobs() : [])
  context.output.result(
    JSON.stringify(openApiDocument({ operations: OPERATIONS, jobs, door: 'tokens' }), null, 2),
  )
  return 0
}
