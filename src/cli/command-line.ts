/** The commands, their options and their help. What a command does is loaded when it is called. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { RestartOptions } from './commands/restart.ts'
import type { RunOptions } from './commands/run.ts'
import type { DescribeOptions } from './commands/describe.ts'
import type { ShowOptions } from './commands/show.ts'
import type { WatchOptions } from './commands/watch.ts'
import type { ListOptions } from './commands/list.ts'
import type { CommandContext, GlobalOptions } from './command-context.ts'
import { completionCommands } from './completion-commands.ts'
import { LOG_LEVELS } from './config.ts'
import { databaseCommands } from './database-commands.ts'
import { packageVersion } from '../process/package-version.ts'
import { exitCodeOfError } from '../core/operator/exit-code.ts'
import { withKubernetesSlot } from './kubernetes-slot.ts'
import { operatingCommands, seconds } from './operating-commands.ts'
import { openOutput } from './output.ts'
import { serverCommands } from './server-commands.ts'
import { pastTime } from './past-time.ts'
import { scheduleCommands } from './schedule-commands.ts'
import { printError } from './print-error.ts'
import { quarantineCommands } from './quarantine-commands.ts'
import { PROGRESS_MODES } from './show-progress.ts'
import { webhookCommands } from './webhook-commands.ts'
import { triggerFilter, triggerName } from './trigger-text.ts'

export interface System {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

const USAGE = 2

/** Does what the arguments say and answers with the exit code. Errors have been printed then. */
export async function runCommandLine(args: readonly string[], system: System): Promise<number> {
  const json = args.includes('--json')
  const detail = args.includes('--verbose') ? 'verbose' : 'brief'
  let exitCode = 0
  const program = commandTree(system, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return endOfParsing(error, json)
    const code = exitCodeOfError(error)
    printError(error, code, openOutput(json), detail)
    return code
  }
}

/** Commander throws for help and version too; usage errors it has printed itself unless JSON is wanted. */
function endOfParsing(error: CommanderError, json: boolean): number {
  if (error.exitCode === 0) return 0
  const message = error.message.replace(/^error: /, '')
  if (json)
    openOutput(json).result(
      JSON.stringify({ error: { code: 'USAGE', message, details: {} }, exitCode: USAGE }),
    )
  return USAGE
}

type Finish = (exitCode: number) => void

function commandTree(system: System, finish: Finish): Command {
  const program = new Command('batchwright')
    .description('Runs restartable batch jobs and shows what became of them.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('-c, --config <file>', 'the config (default: batchwright.config.ts here or in a folder above)')
    .option(
      '-j, --jobs <file>',
      "take the jobs and schedules that this file exports, not the config's (may be repeated)",
      collect,
    )
    .option('--json', 'print results and errors as JSON, for programs')
    .addOption(
      new Option(
        '--log-level <level>',
        'what is logged to standard error; also BATCHWRIGHT_LOG_LEVEL',
      ).choices(LOG_LEVELS),
    )
    .option('--verbose', 'print errors with their stacks')
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(batchwright --help shows what there is)')
    .configureHelp({ showGlobalOptions: true })
    .helpCommand(false)
  runningCommands(program, system, finish)
  operatingCommands(program, (command) => contextOf(command, system), finish)
  quarantineCommands(program, (command) => contextOf(command, system), finish, {
    grace: graceOption,
    progress: progressOption,
  })
  scheduleCommands(program, (command) => contextOf(command, system), finish, {
    grace: graceOption,
    progress: progressOption,
  })
  webhookCommands(program, (command) => contextOf(command, system), finish)
  serverCommands(program, (command) => contextOf(command, system), finish, { grace: graceOption })
  readingCommands(program, system, finish)
  databaseCommands(program, (command) => contextOf(command, system), finish)
  completionCommands(program, (command) => contextOf(command, system), finish)
  helpCommand(program)
  return program.addHelpText('after', EXAMPLES)
}

const EXAMPLES = `
Examples:
  batchwright run import-trades file=trades.csv businessDate=2026-01-31
  batchwright run import-trades --jobs jobs.ts --params trades.json --on-existing return
  batchwright run import-trades file=trades.csv businessDate=2026-01-31 --dry-run --sample 1000
  batchwright list --status FAILED
  batchwright serve --with-scheduler
  batchwright launch import-trades file=trades.csv businessDate=2026-01-31 --wait 30m --server http://127.0.0.1:8080
  batchwright restart 42

Executions are recorded in the database of BATCHWRIGHT_DATABASE_URL, of the config, or of DATABASE_URL;
without any of them in an embedded Postgres in .batchwright/postgres.
Exit codes: batchwright help exit-codes`

interface DryRunFlags {
  readonly dryRun?: boolean
  readonly sample?: number
}

type RunFlags = RunOptions & DryRunFlags & { readonly scheduledFromK8sJobName?: string }

function runningCommands(program: Command, system: System, finish: Finish): void {
  program
    .command('run')
    .description('run a job in this process; the exit code says how it ended')
    .argument('<job>', 'name of the job')
    .argument('[parameters...]', 'name=value, typed by the job, or name:=json')
    .option('-p, --params <file>', 'more parameters, from a JSON file (- for standard input)')
    .addOption(
      new Option(
        '--on-existing <what>',
        'when the work was done before: refuse with 4, or show it and end with 0',
      )
        .choices(['reject', 'return'])
        .default('reject'),
    )
    .option('--dry-run', 'everything but the commit, then a report; 0 if nothing would fail, else 1')
    .option('--sample <number>', 'with --dry-run: only so many records of each reader', positiveInteger)
    .option('--trigger <name>', 'the scheduler that starts this, for the record: airflow:eod', triggerName)
    .option(
      '--next',
      'the next instance: the parameters of the last one, these in their place, and a new run.id',
    )
    .option(
      '--scheduled-from-k8s-job-name <name>',
      'the slot in the name of a Job that a Kubernetes CronJob made, as the parameter scheduledAt',
    )
    .addOption(graceOption())
    .addOption(progressOption())
    .action(async (job: string, words: string[], options: RunFlags, command: Command) => {
      refuseTogether(command, options)
      const given = withKubernetesSlot(words, options.scheduledFromK8sJobName)
      if (options.dryRun === true) {
        const { dryRun } = await import('./commands/dry-run.ts')
        return finish(await dryRun(contextOf(command, system), job, given, options))
      }
      const { run } = await import('./commands/run.ts')
      finish(await run(contextOf(command, system), job, given, options))
    })
  program
    .command('restart')
    .description('continue a failed or stopped execution with the parameters that it had')
    .argument('<executionId>')
    .argument('[parameters...]', 'name=value, of those that do not identify the instance')
    .option('--accept-changes', 'go on although the definition or the input has changed since')
    .addOption(graceOption())
    .addOption(progressOption())
    .action(async (id: string, words: string[], options: RestartOptions, command: Command) => {
      const { restart } = await import('./commands/restart.ts')
      finish(await restart(contextOf(command, system), id, words, options))
    })
}

/** An option that would be ignored is a mistake: of two that contradict each other nobody knows which was meant. */
function refuseTogether(command: Command, options: RunFlags): void {
  const { dryRun = false, next = false, onExisting, sample, trigger } = options
  const slot = options.scheduledFromK8sJobName
  if (!dryRun && sample !== undefined) command.error('error: --sample goes with --dry-run only')
  if (next && onExisting === 'return')
    command.error('error: --on-existing return does not go with --next, which is always a new instance')
  if (next && slot !== undefined)
    command.error(
      'error: --scheduled-from-k8s-job-name does not go with --next: each try would be a new instance',
    )
  if (dryRun && next)
    command.error('error: --next does not go with --dry-run, which records nothing: give it the parameters')
  if (dryRun && trigger !== undefined)
    command.error('error: --trigger does not go with --dry-run, which records nothing')
  if (dryRun && onExisting === 'return')
    command.error('error: --on-existing return does not go with --dry-run, which looks for no earlier run')
}

function readingCommands(program: Command, system: System, finish: Finish): void {
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
      finish(await list(contextOf(command, system), options))
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
      finish(await show(contextOf(command, system), id, options))
    })
  program
    .command('watch')
    .description('follow an execution to its end, wherever it runs; the exit code says how it ended')
    .argument('<executionId>')
    .addOption(progressOption())
    .action(async (id: string, options: WatchOptions, command: Command) => {
      const { watch } = await import('./commands/watch.ts')
      finish(await watch(contextOf(command, system), id, options))
    })
  program
    .command('jobs')
    .description('list the jobs that can be run')
    .action(async (_: object, command: Command) => {
      const { listJobs } = await import('./commands/jobs.ts')
      finish(await listJobs(contextOf(command, system)))
    })
  program
    .command('describe')
    .description('show the parameters and steps of a job, and how it is run')
    .argument('<job>')
    .option('--mermaid', "only draw the job's flow, as a Mermaid flowchart")
    .action(async (job: string, options: DescribeOptions, command: Command) => {
      const { describe } = await import('./commands/describe.ts')
      finish(await describe(contextOf(command, system), job, options))
    })
  program
    .command('check')
    .description(
      'report what is wrong with the definitions, before anything runs: exit code 0 if nothing is, else 2',
    )
    .argument('[job]')
    .action(async (job: string | undefined, _: object, command: Command) => {
      const { check } = await import('./commands/check.ts')
      finish(await check(contextOf(command, system), job))
    })
  program
    .command('doctor')
    .description('look for what would keep a run from starting: exit code 0 if nothing would, else 2 or 7')
    .action(async (_: object, command: Command) => {
      const { doctor } = await import('./commands/doctor.ts')
      finish(await doctor(contextOf(command, system)))
    })
  program
    .command('explain')
    .description('show what a run would read and write, and what each step guarantees; nothing runs')
    .argument('<job>')
    .argument('[parameters...]', 'name=value, as for run')
    .option('-p, --params <file>', 'more parameters, from a JSON file (- for standard input)')
    .action(async (job: string, words: string[], options: { params?: string }, command: Command) => {
      const { explain } = await import('./commands/explain.ts')
      finish(await explain(contextOf(command, system), job, words, options))
    })
}

function helpCommand(program: Command): void {
  program
    .command('help')
    .description("help on a command, or on 'exit-codes'")
    .argument('[topic]')
    .argument('[subcommand]')
    .action(async (topic?: string, subcommand?: string) => {
      if (topic === 'exit-codes') {
        const { exitCodesHelp } = await import('./commands/help-exit-codes.ts')
        process.stdout.write(exitCodesHelp())
        return
      }
      const find = (parent: Command, name: string | undefined) =>
        name === undefined ? parent : parent.commands.find((one) => one.name() === name)
      const found = find(program, topic)
      const command = found === undefined ? undefined : find(found, subcommand)
      if (command === undefined)
        program.error(`error: there is no help on ${[topic, subcommand].join(' ').trim()}`)
      command.outputHelp()
    })
}

function contextOf(command: Command, { environment, cwd }: System): CommandContext {
  const options = command.optsWithGlobals<GlobalOptions>()
  return { options, output: openOutput(options.json === true), environment, cwd }
}

function graceOption(): Option {
  return new Option('--grace <seconds>', 'after a signal, how long the open chunk may still take')
    .argParser(seconds)
    .default(25)
}

function progressOption(): Option {
  return new Option('--progress <how>', 'auto is a bar on a terminal, else log: a line now and then')
    .choices(PROGRESS_MODES)
    .default('auto')
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value]
}

function positiveInteger(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1 on.')
}
