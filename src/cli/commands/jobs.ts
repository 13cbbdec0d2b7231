/** `batchwright jobs` */
import { createJobRegistry } from '../../core/operator/job-registry.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { renderTable } from '../render-table.ts'

export async function listJobs(context: CommandContext): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  const { jobs } = createJobRegistry(await project.jobs())
  if (output.json) {
    for (const { name, description, restartable, steps } of jobs)
      output.result(jsonLine({ name, description, restartable, steps: Object.keys(steps) }))
    return 0
  }
  const columns = [
    { title: 'job', text: ({ name }: (typeof jobs)[number]) => name },
    { title: 'description', text: ({ description }: (typeof jobs)[number]) => description },
  ]
  for (const line of renderTable(columns, jobs)) output.result(line)
  return 0
}
