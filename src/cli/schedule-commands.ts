/** The commands for schedules: the scheduler itself, and what a person does with schedules. */
import { type Command, Option } from 'commander'
import { FIRE_OUTCOMES } from '../core/model/schedule-fire.ts'
import type { ContextOf, Finish } from './command-group.ts'
import type { BackfillOptions } from './commands/schedules-backfill.ts'
import type { FiresOptions } from './commands/schedules-fires.ts'
import type { SchedulerCommandOptions } from './commands/scheduler.ts'
import type { TriggerOptions } from './commands/schedules-trigger.ts'
import { positiveInteger, smallNumber } from './option-values.ts'
import { pastTime } from './past-time.ts'
import { graceOption, progressOption } from './running-options.ts'

export function scheduleCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('scheduler')
    .description(
      'fire the schedules of the config in this process until a signal ends it; any number may run',
    )
    .addOption(graceOption())
    .action(async (options: SchedulerCommandOptions, command: Command) => {
      const { scheduler } = await import('./commands/scheduler.ts')
      finish(await scheduler(contextOf(command), options))
    })
  const schedules = program
    .command('schedules')
    .description('look at schedules, pause, resume, trigger and backfill them')
    .helpCommand(false)
  lookingCommands(schedules, contextOf, finish)
  pausingCommands(schedules, contextOf, finish)
  firingCommands(schedules, contextOf, finish)
  cancellingCommand(schedules, contextOf, finish)
}

function lookingCommands(schedules: Command, contextOf: ContextOf, finish: Finish): void {
  schedules
    .command('list', { isDefault: true })
    .description('list the schedules: their next slot, what became of the last one, who has paused them')
    .action(async (_: object, command: Command) => {
      const { listSchedules } = await import('./commands/schedules-list.ts')
      finish(await listSchedules(contextOf(command)))
    })
  schedules
    .command('next')
    .description('show the next slots of all schedules, or of one')
    .argument('[count]', 'how many', smallNumber, 10)
    .option('--schedule <name>', 'only of this one')
    .action(async (count: number, { schedule }: { schedule?: string }, command: Command) => {
      const { nextSlots } = await import('./commands/schedules-next.ts')
      finish(await nextSlots(contextOf(command), count, schedule))
    })
  schedules
    .command('fires')
    .description('show the fire ledger of a schedule, latest slot first: what became of each, and why')
    .argument('<name>')
    .addOption(new Option('--outcome <outcome>', 'only with this outcome').choices(FIRE_OUTCOMES))
    .option('--limit <number>', 'at most so many', positiveInteger, 20)
    .option('--before <slot>', 'only earlier ones: the last slot of the page before', pastTime)
    .action(async (name: string, options: FiresOptions, command: Command) => {
      const { listFires } = await import('./commands/schedules-fires.ts')
      finish(await listFires(contextOf(command), name, options))
    })
}

function pausingCommands(schedules: Command, contextOf: ContextOf, finish: Finish): void {
  schedules
    .command('pause')
    .description('fire nothing of a schedule until it is resumed, in whatever process')
    .argument('<name>')
    .option('--note <text>', 'why, for those who wonder')
    .action(async (name: string, { note }: { note?: string }, command: Command) => {
      const { pauseSchedule } = await import('./commands/schedules-pause.ts')
      finish(await pauseSchedule(contextOf(command), name, note ?? null))
    })
  schedules
    .command('resume')
    .description('fire it again; what its pause has left out stays left out (see backfill)')
    .argument('<name>')
    .action(async (name: string, _: object, command: Command) => {
      const { resumeSchedule } = await import('./commands/schedules-pause.ts')
      finish(await resumeSchedule(contextOf(command), name))
    })
}

function firingCommands(schedules: Command, contextOf: ContextOf, finish: Finish): void {
  schedules
    .command('trigger')
    .description('fire a schedule now, in this process, as run does; the exit code says how it ended')
    .argument('<name>')
    .addOption(graceOption())
    .addOption(progressOption())
    .action(async (name: string, options: TriggerOptions, command: Command) => {
      const { trigger } = await import('./commands/schedules-trigger.ts')
      finish(await trigger(contextOf(command), name, options))
    })
  schedules
    .command('backfill')
    .description(
      'fire slots of the past in this process, oldest first and one after the other unless told otherwise',
    )
    .argument('<name>')
    .requiredOption('--from <when>', "a day of the schedule's zone, or a time such as 2026-11-21T02:00:00Z")
    .requiredOption('--to <when>', 'the same; a day is meant to its end')
    .addOption(
      new Option(
        '--reprocess <which>',
        'slots for which nothing was launched, or those that failed or were stopped',
      )
        .choices(['missing', 'failed'])
        .default('missing'),
    )
    .option('--max-active <number>', 'so many runs at once', smallNumber, 1)
    .option('--backwards', 'the latest slot first')
    .option('--queue', 'leave it to the schedulers, which fire the slots as the job becomes free')
    .option('--dry-run', 'only show which slots would be fired')
    .addOption(graceOption())
    .action(async (name: string, options: BackfillOptions, command: Command) => {
      const { backfill } = await import('./commands/schedules-backfill.ts')
      finish(await backfill(contextOf(command), name, options))
    })
}

function cancellingCommand(schedules: Command, contextOf: ContextOf, finish: Finish): void {
  schedules
    .command('cancel-backfill')
    .description('fire nothing more of what waits as part of backfills (--queue); what runs goes on')
    .argument('<name>')
    .action(async (name: string, _: object, command: Command) => {
      const { cancelBackfill } = await import('./commands/schedules-cancel-backfill.ts')
      finish(await cancelBackfill(contextOf(command), name))
    })
}
