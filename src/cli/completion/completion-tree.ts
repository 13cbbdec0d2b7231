/** What may stand on the command line, read from the commands themselves, so that completion never lags behind them. */
import type { Argument, Command, Option } from 'commander'

export interface CompletedCommand {
  /** `db purge`; empty for the program itself. */
  readonly path: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly CompletedOption[]
  /** Of the first argument. */
  readonly argument: CompletedValues
}

export interface CompletedOption {
  /** `['-p', '--params']` */
  readonly flags: readonly string[]
  readonly description: string
  /** Whether a word follows in any case. */
  readonly takesValue: boolean
  readonly values: CompletedValues
}

export type CompletedValues =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'jobs' }
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly string[] }

const UNKNOWN: CompletedValues = { kind: 'unknown' }
const HELP: CompletedOption = {
  flags: ['-h', '--help'],
  description: 'display help',
  takesValue: false,
  values: UNKNOWN,
}

/** The program first, then its commands, each before those below it. */
export function completionTree(program: Command): readonly CompletedCommand[] {
  const everywhere = program.options.filter(({ long }) => long !== '--version').map(completedOption)
  const topics = [...shown(program).map((one) => one.name()), 'exit-codes']
  const walk = (command: Command, path: string): readonly CompletedCommand[] => [
    {
      path,
      commands: shown(command).map((one) => ({ name: one.name(), description: one.description() })),
      options: [
        ...(command === program ? command.options.filter(isVersion) : command.options).map(completedOption),
        ...everywhere,
        HELP,
      ],
      argument: argumentValues(command.registeredArguments[0], topics),
    },
    ...shown(command).flatMap((one) => walk(one, `${path} ${one.name()}`.trim())),
  ]
  return walk(program, '')
}

/** Commands for machines begin with two underscores. */
function shown(command: Command): readonly Command[] {
  return command.commands.filter((one) => !one.name().startsWith('__'))
}

function isVersion({ long }: Option): boolean {
  return long === '--version'
}

function completedOption(option: Option): CompletedOption {
  const { short, long, description, required } = option
  const flags = [short, long].filter((flag) => flag !== undefined)
  return { flags, description, takesValue: required, values: optionValues(option) }
}

function optionValues({ long, flags, argChoices }: Option): CompletedValues {
  if (argChoices !== undefined) return { kind: 'words', words: argChoices }
  if (long === '--job') return { kind: 'jobs' }
  return flags.endsWith('<file>') ? { kind: 'files' } : UNKNOWN
}

function argumentValues(argument: Argument | undefined, topics: readonly string[]): CompletedValues {
  if (argument === undefined) return UNKNOWN
  if (argument.argChoices !== undefined) return { kind: 'words', words: argument.argChoices }
  if (argument.name() === 'topic') return { kind: 'words', words: topics }
  return argument.name() === 'job' ? { kind: 'jobs' } : UNKNOWN
}
