/** The commands for skipped items: `quarantine list`, `show` and `redrive`. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { FAULT_PHASES } from '../core/model/quarantined-item.ts'
import type { ContextOf, Finish } from './command-group.ts'
import type { ListQuarantineOptions } from './commands/quarantine-list.ts'
import type { RedriveOptions } from './commands/quarantine-redrive.ts'
import { positiveInteger } from './option-values.ts'
import { graceOption, progressOption } from './running-options.ts'

export function quarantineCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  const quarantine = program
    .command('quarantine')
    .description('look at the items that steps have skipped, and run them again')
    .helpCommand(false)
  narrowed(quarantine.command('list'))
    .description('list quarantined items, newest first')
    .option('--job <name>', 'only of this job')
    .option('--execution <executionId>', 'only of this execution')
    .option('--all', 'also those that were redriven')
    .option('--limit <number>', 'at most so many', positiveInteger, 20)
    .option('--before <id>', 'only older ones: the last id of the page before')
    .action(async (options: ListQuarantineOptions, command: Command) => {
      const { listQuarantine } = await import('./commands/quarantine-list.ts')
      finish(await listQuarantine(contextOf(command), options))
    })
  quarantine
    .command('show')
    .description('show a quarantined item: what it was, why it failed, what became of it')
    .argument('<id>')
    .action(async (id: string, _: object, command: Command) => {
      const { showQuarantined } = await import('./commands/quarantine-show.ts')
      finish(await showQuarantined(contextOf(command), id))
    })
  narrowed(quarantine.command('redrive'))
    .description('run quarantined items, and nothing else, from the phase in which they failed')
    .argument('[executionId]', 'the execution that has quarantined them')
    .option('--ids <ids>', 'these items, as in --ids 12,13,14', ids)
    .option('--job <name>', 'those of all executions of this job')
    .option('--dry-run', 'only show what would be redriven, and what is in the way of the rest')
    .addOption(graceOption())
    .addOption(progressOption())
    .action(async (id: string | undefined, options: RedriveOptions, command: Command) => {
      if ([id, options.ids, options.job].filter((one) => one !== undefined).length !== 1)
        command.error('error: redrive takes an execution id, --ids or --job, one of them')
      const { redrive } = await import('./commands/quarantine-redrive.ts')
      finish(await redrive(contextOf(command), id, options))
    })
}

function narrowed(command: Command): Command {
  return command
    .option('--step <name>', 'only of this step')
    .addOption(new Option('--phase <phase>', 'only those that failed in it').choices(FAULT_PHASES))
    .option('--error <type>', 'only with this type of error, as list shows it')
}

function ids(text: string): readonly string[] {
  const found = text.split(',').map((one) => one.trim())
  if (found.every((one) => /^\d{1,19}$/.test(one))) return found
  throw new InvalidArgumentError('It must be ids with commas between them.')
}
