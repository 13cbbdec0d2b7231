/** The commands that look after the repository's tables: migrate, status, purge. */
import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../core/model/duration.ts'
import { PURGEABLE_STATUSES, type PurgeableStatus } from '../core/ports/purge.ts'
import type { ContextOf, Finish } from './command-group.ts'
import type { PurgeCommandOptions } from './commands/db-purge.ts'

export function databaseCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  const db = program.command('db').description("look after the job repository's tables").helpCommand(false)
  db.command('migrate')
    .description('create or update the tables; those of Spring Batch 6 are adopted')
    .action(async (_: object, command: Command) => {
      const { dbMigrate } = await import('./commands/db-migrate.ts')
      finish(await dbMigrate(contextOf(command)))
    })
  db.command('status')
    .description('show whether the schema is current: exit code 0 if it is, else 7')
    .action(async (_: object, command: Command) => {
      const { dbStatus } = await import('./commands/db-status.ts')
      finish(await dbStatus(contextOf(command)))
    })
  db.command('purge')
    .description('delete old instances that are over, with their executions, steps and skipped items')
    .requiredOption('--older-than <age>', 'of which every execution ended longer ago, such as 90d, 12h', age)
    .option('--keep-last <number>', 'so many executions and instances of each job stay', wholeNumber, 10)
    .option('--job <name>', 'only of this job')
    .option(
      '--statuses <list>',
      'how the latest execution ended; FAILED and STOPPED can still be restarted, and go only when named',
      purgeableStatuses,
      ['COMPLETED', 'ABANDONED'],
    )
    .option('--with-quarantined', 'also what has skipped items that no redrive has dealt with')
    .option('--dry-run', 'delete nothing, and say what would be deleted')
    .action(async (options: PurgeCommandOptions, command: Command) => {
      const { dbPurge } = await import('./commands/db-purge.ts')
      finish(await dbPurge(contextOf(command), options))
    })
}

/** In milliseconds, and no longer than dates reach. The unit is never guessed: a number alone might be meant as days or as seconds. */
function age(text: string): number {
  const milliseconds = /^\d{1,5}\D$/.test(text) ? parseDuration(text) : undefined
  if (milliseconds !== undefined) return milliseconds
  throw new InvalidArgumentError('It must be a number with its unit: 30m, 12h, 90d or 4w.')
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 0 on.')
}

function purgeableStatuses(text: string): readonly PurgeableStatus[] {
  return text.split(',').map((word) => {
    const status = PURGEABLE_STATUSES.find((one) => one === word.trim())
    if (status !== undefined) return status
    throw new InvalidArgumentError(
      `${JSON.stringify(word)} is none; name of ${PURGEABLE_STATUSES.join(', ')}, with commas between.`,
    )
  })
}
