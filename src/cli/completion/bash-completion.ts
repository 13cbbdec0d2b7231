/** `batchwright completion bash`: a script for `eval` or for bash-completion's folder. */
import type { CompletedCommand } from './completion-tree.ts'
import { shellTables } from './shell-tables.ts'

export function bashCompletion(tree: readonly CompletedCommand[]): string {
  return `# Completion of batchwright for bash. In ~/.bashrc: eval "$(batchwright completion bash)"
${shellTables(tree)}
${FRONT}
complete -F _batchwright batchwright
`
}

/** bash cuts words at \`=\`, so that \`--config=x\` comes as three. */
const FRONT = `_batchwright() {
  local program="\${COMP_WORDS[0]}" current="\${COMP_WORDS[COMP_CWORD]}" command='' option='' given=0 index word next
  local project=()
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ -n $option ]]; then
      [[ $word == '=' ]] && continue
      case "$option" in -c | --config | -j | --jobs) project+=("$option" "$word") ;; esac
      option=''
    elif [[ $word == -* ]]; then
      if _batchwright_takes_value "$command" "$word"; then option="$word"; fi
    else
      next="\${command:+$command }$word"
      if ((given == 0)) && _batchwright_is_command "$next"; then command="$next"; else given=$((given + 1)); fi
    fi
  done
  local words
  if [[ -n $option ]]; then
    [[ $current == '=' ]] && current=''
    words=$(_batchwright_values "$command" "$option")
  elif [[ $current == -* ]]; then
    words=$(_batchwright_options "$command")
  elif ((given == 0)); then
    words=$(_batchwright_words "$command"; _batchwright_argument "$command")
  fi
  case "$words" in
    *:jobs) words=$("$program" "\${project[@]}" __jobs 2>/dev/null) ;;
    *:files)
      compopt -o filenames 2>/dev/null
      local IFS=$'\\n'
      COMPREPLY=($(compgen -f -- "$current"))
      return
      ;;
  esac
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}`
