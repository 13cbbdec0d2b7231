/** `batchwright db status` */
import { BATCH_ERRORS } from '../../core/model/batch-error.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { openDatabase } from '../open-repository.ts'
import { repositoryPlace } from '../repository-place.ts'

/** The exit code is what a run would meet: 0, or 7 when the schema is missing, old or newer than this program. */
export async function dbStatus(context: CommandContext): Promise<number> {
  const { output, environment } = context
  await using database = await openDatabase(repositoryPlace(await projectOf(context), environment))
  const { repositoryStatus } = await import('../../repository/postgres/index.ts')
  const status = await repositoryStatus(database.options)
  if (output.json) output.result(jsonLine({ ...status }))
  else {
    output.result(
      `the schema at postgres ${status.server}, schema ${status.schema}, prefix ${status.tablePrefix} is ${status.state}`,
    )
    for (const name of status.applied) output.result(`applied ${name}`)
    for (const name of status.pending) output.result(`pending ${name}`)
    if (status.pending.length > 0) output.tell("run 'batchwright db migrate'")
  }
  return status.state === 'current' ? 0 : BATCH_ERRORS.SCHEMA_OUTDATED.exitCode
}
