/** The commands that change nothing: they look at executions, at jobs, and at the project. */
import type { Command } from 'commander'
import type { ContextOf, Finish } from './command-group.ts'
import type { DescribeOptions } from './commands/describe.ts'
import type { ListOptions } from './commands/list.ts'
import type { ShowOptions } from './commands/show.ts'
import type { WatchOptions } from './commands/watch.ts'
import { collect, positiveInteger } from './option-values.ts'
import { pastTime } from './past-time.ts'
import { progressOption } from './running-options.ts'
import { triggerFilter } from './trigger-options.ts'

export function readingCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  executionCommands(program, contextOf, finish)
  jobCommands(program, contextOf, finish)
}

function executionCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('list')
    .description('list executions, newest first')
    .option('--job <name>', 'only of this job')
    .option('--status <status>', 'only with this status (may be repeated)', collect)
    .option(
      '--attention',
      'only the latest of instances that have FAILED, are STOPPED or UNKNOWN, or whose owner is dead',
    )
    .option('--trigger <type[:name]>', 'only begun by this: schedule, external:airflow:eod', triggerFilter)
    .option(
      '--since <time>',
      'only created since a day, a time, or so long ago: 2026-11-21, 12h, 7d',
      pastTime,
    )
    .option('--until <time>', 'only created before then', pastTime)
    .option(
      '--search <text>',
      'a value that begins so, a parameter as name=value, or words of the exit description',
    )
    .option('--limit <number>', 'at most so many', positiveInteger, 20)
    .option('--before <executionId>', 'only older ones: the last id of the page before')
    .action(async (options: ListOptions, command: Command) => {
      const { list } = await import('./commands/list.ts')
      finish(await list(contextOf(command), options))
    })
  program
    .command('show')
    .description('show an execution: steps, counts, contexts, errors, who ran it')
    .argument('<executionId>')
    .option(
      '--partitions <number>',
      'list at most so many partitions at work, and so many that failed',
      positiveInteger,
      20,
    )
    .action(async (id: string, options: ShowOptions, command: Command) => {
      const { show } = await import('./commands/show.ts')
      finish(await show(contextOf(command), id, options))
    })
  program
    .command('watch')
    .description('follow an execution to its end, wherever it runs; the exit code says how it ended')
    .argument('<executionId>')
    .addOption(progressOption())
    .action(async (id: string, options: WatchOptions, command: Command) => {
      const { watch } = await import('./commands/watch.ts')
      finish(await watch(contextOf(command), id, options))
    })
}

function jobCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('jobs')
    .description('list the jobs that can be run')
    .action(async (_: object, command: Command) => {
      const { listJobs } = await import('./commands/jobs.ts')
      finish(await listJobs(contextOf(command)))
    })
  program
    .command('describe')
    .description('show the parameters and steps of a job, and how it is run')
    .argument('<job>')
    .option('--mermaid', "only draw the job's flow, as a Mermaid flowchart")
    .action(async (job: string, options: DescribeOptions, command: Command) => {
      const { describe } = await import('./commands/describe.ts')
      finish(await describe(contextOf(command), job, options))
    })
  program
    .command('check')
    .description(
      'report what is wrong with the definitions, before anything runs: exit code 0 if nothing is, else 2',
    )
    .argument('[job]')
    .action(async (job: string | undefined, _: object, command: Command) => {
      const { check } = await import('./commands/check.ts')
      finish(await check(contextOf(command), job))
    })
  program
    .command('doctor')
    .description('look for what would keep a run from starting: exit code 0 if nothing would, else 2 or 7')
    .action(async (_: object, command: Command) => {
      const { doctor } = await import('./commands/doctor.ts')
      finish(await doctor(contextOf(command)))
    })
  program
    .command('explain')
    .description('show what a run would read and write, and what each step guarantees; nothing runs')
    .argument('<job>')
    .argument('[parameters...]', 'name=value, as for run')
    .option('-p, --params <file>', 'more parameters, from a JSON file (- for standard input)')
    .action(async (job: string, words: string[], options: { params?: string }, command: Command) => {
      const { explain } = await import('./commands/explain.ts')
      finish(await explain(contextOf(command), job, words, options))
    })
}
