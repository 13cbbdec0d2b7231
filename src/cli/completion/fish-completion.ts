/** `batchwright completion fish`: a script for `source`, or for fish's folder of completions. */
import type { CompletedCommand, CompletedOption, CompletedValues } from './completion-tree.ts'

export function fishCompletion(tree: readonly CompletedCommand[]): string {
  const paths = tree.filter(({ path }) => path !== '').map(({ path }) => quoted(path))
  const withValue = tree.flatMap(({ options }) => options.filter(({ takesValue }) => takesValue))
  const flags = new Set(withValue.flatMap((option) => option.flags))
  return [
    '# Completion of batchwright for fish. In config.fish: batchwright completion fish | source',
    FUNCTIONS.replace('PATHS', paths.join(' ')).replace('FLAGS', [...flags].join(' ')),
    'complete -c batchwright -f',
    ...tree.flatMap(commandLines),
    '',
  ].join('\n')
}

/** \`__batchwright_at PATH\`: that command stands on the line; \`__batchwright_before PATH\`: and no argument of it yet. */
const FUNCTIONS = `function __batchwright_line
  set -l path ''
  set -l given 0
  set -l before ''
  for word in (commandline -opc)[2..]
    set -l is_value (contains -- $before FLAGS; and echo yes)
    set before $word
    test -n "$is_value"; and continue
    string match -q -- '-*' $word; and continue
    set -l next (string trim -- "$path $word")
    if test $given -eq 0; and contains -- $next PATHS
      set path $next
    else
      set given (math $given + 1)
    end
  end
  printf '%s\\n' "$path" $given
end
function __batchwright_at
  set -l line (__batchwright_line)
  test "$line[1]" = "$argv[1]"
end
function __batchwright_before
  set -l line (__batchwright_line)
  test "$line[1]" = "$argv[1]" -a $line[2] -eq 0
end
function __batchwright_jobs
  set -l words (commandline -opc)
  set -l project
  for index in (seq 2 (count $words))
    contains -- $words[$index] -c --config -j --jobs; and set -a project $words[$index..(math $index + 1)]
  end
  $words[1] $project __jobs 2>/dev/null
end`

function commandLines({ path, commands, options, argument }: CompletedCommand): readonly string[] {
  const at = `complete -c batchwright -n ${quoted(`__batchwright_at ${quoted(path)}`)}`
  const before = `complete -c batchwright -n ${quoted(`__batchwright_before ${quoted(path)}`)}`
  const words = valuesText(argument)
  return [
    ...commands.map(({ name, description }) => `${before} -a ${name} -d ${quoted(description)}`),
    ...(words === undefined ? [] : [`${before} ${words}`]),
    ...options.map((option) => `${at} ${optionText(option)}`),
  ]
}

function optionText({ flags, description, takesValue, values }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  const following = values.kind === 'files' ? '-r -F' : takesValue ? '-x' : ''
  const words = values.kind === 'files' ? undefined : valuesText(values)
  return [...names, following, words ?? '', '-d', quoted(description)].filter((part) => part !== '').join(' ')
}

function valuesText(values: CompletedValues): string | undefined {
  switch (values.kind) {
    case 'unknown':
      return undefined
    case 'files':
      return '-F'
    case 'jobs':
      return "-a '(__batchwright_jobs)'"
    case 'words':
      return `-a ${quoted(values.words.join(' '))}`
    default:
      return values satisfies never
  }
}

/** Within single quotes fish knows two escapes. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
