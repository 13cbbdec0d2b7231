/** The commands, their options and their help. What a command does is loaded when it is called. */
import { Command, CommanderError, Option } from 'commander'
import { exitCodeOfError } from '../core/operator/exit-code.ts'
import { packageVersion } from '../process/package-version.ts'
import type { CommandContext, GlobalOptions } from './command-context.ts'
import type { CommandGroup, Finish } from './command-group.ts'
import { completionCommands } from './completion-commands.ts'
import { LOG_LEVELS } from './config.ts'
import { databaseCommands } from './database-commands.ts'
import { operatingCommands } from './operating-commands.ts'
import { collect } from './option-values.ts'
import { openOutput } from './output.ts'
import { printError } from './print-error.ts'
import { quarantineCommands } from './quarantine-commands.ts'
import { readingCommands } from './reading-commands.ts'
import { runningCommands } from './running-commands.ts'
import { scheduleCommands } from './schedule-commands.ts'
import { serverCommands } from './server-commands.ts'
import { webhookCommands } from './webhook-commands.ts'

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

/** In the order in which the help shows them. */
const GROUPS: readonly CommandGroup[] = [
  runningCommands,
  operatingCommands,
  quarantineCommands,
  scheduleCommands,
  webhookCommands,
  serverCommands,
  readingCommands,
  databaseCommands,
  completionCommands,
]

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
  for (const add of GROUPS) add(program, (command) => contextOf(command, system), finish)
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
