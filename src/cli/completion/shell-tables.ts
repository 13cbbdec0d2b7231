/** The commands as functions that bash and zsh both understand: each a case over the command's path. */
import type { CompletedCommand, CompletedValues } from './completion-tree.ts'

/**
 * `_batchwright_is_command PATH`, `_batchwright_takes_value PATH OPTION` succeed or fail; `_batchwright_words PATH`,
 * `_batchwright_options PATH`, `_batchwright_values PATH OPTION` and `_batchwright_argument PATH` print a word a line.
 * `:jobs` and `:files` stand for those.
 */
export function shellTables(tree: readonly CompletedCommand[]): string {
  return [
    shellFunction('_batchwright_is_command', '$1', [
      ...tree.map(({ path }) => ({ pattern: [path], does: 'return 0' })),
      REFUSE,
    ]),
    shellFunction('_batchwright_takes_value', '$1:$2', [...valueRows(tree, () => 'return 0'), REFUSE]),
    shellFunction('_batchwright_values', '$1:$2', valueRows(tree, printed)),
    shellFunction(
      '_batchwright_argument',
      '$1',
      rows(tree, ({ argument }) => printed(argument)),
    ),
    shellFunction(
      '_batchwright_words',
      '$1',
      rows(tree, ({ commands }) => print(commands.map(({ name }) => name))),
    ),
    shellFunction(
      '_batchwright_options',
      '$1',
      rows(tree, ({ options }) => print(options.flatMap(({ flags }) => flags))),
    ),
  ].join('\n')
}

interface Row {
  readonly pattern: readonly string[]
  readonly does: string
}

const REFUSE: Row = { pattern: [], does: 'return 1' }

function rows(
  tree: readonly CompletedCommand[],
  does: (command: CompletedCommand) => string,
): readonly Row[] {
  return tree
    .map((command) => ({ pattern: [command.path], does: does(command) }))
    .filter((row) => row.does !== '')
}

function valueRows(
  tree: readonly CompletedCommand[],
  does: (values: CompletedValues) => string,
): readonly Row[] {
  return tree
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map(({ flags, values }) => ({
          pattern: flags.map((flag) => `${path}:${flag}`),
          does: does(values),
        })),
    )
    .filter((row) => row.does !== '')
}

function shellFunction(name: string, subject: string, cases: readonly Row[]): string {
  const lines = cases.map(({ pattern, does }) => {
    const patterns = pattern.length === 0 ? '*' : pattern.map(quoted).join('|')
    return `    ${patterns}) ${does} ;;`
  })
  return [`${name}() {`, `  case "${subject}" in`, ...lines, '  esac', '}'].join('\n')
}

function printed(values: CompletedValues): string {
  switch (values.kind) {
    case 'unknown':
      return ''
    case 'jobs':
    case 'files':
      return print([`:${values.kind}`])
    case 'words':
      return print(values.words)
    default:
      return values satisfies never
  }
}

function print(words: readonly string[]): string {
  return words.length === 0 ? '' : `printf '%s\\n' ${words.map(quoted).join(' ')}`
}

/** For POSIX shells. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
