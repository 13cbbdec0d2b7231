/** `batchwright db migrate` */
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { openDatabase } from '../open-repository.ts'
import { repositoryPlace } from '../repository-place.ts'

export async function dbMigrate(context: CommandContext): Promise<number> {
  const { output, environment } = context
  await using database = await openDatabase(repositoryPlace(await projectOf(context), environment))
  const { migrateRepository } = await import('../../repository/postgres/index.ts')
  const report = await migrateRepository(database.options)
  if (output.json) {
    output.result(jsonLine({ ...report }))
    return 0
  }
  const place = `postgres ${report.server}, schema ${report.schema}, prefix ${report.tablePrefix}`
  if (report.adoptedSpringTables) output.result(`adopted the tables of Spring Batch at ${place}`)
  for (const name of report.applied) output.result(`applied ${name}`)
  output.result(`the schema at ${place} is current`)
  return 0
}
