/** `batchwright completion zsh`: a script for `eval` behind compinit, or for a folder of `fpath` as `_batchwright`. */
import type { CompletedCommand } from './completion-tree.ts'
import { shellTables } from './shell-tables.ts'

export function zshCompletion(tree: readonly CompletedCommand[]): string {
  return `#compdef batchwright
# Completion of batchwright for zsh. In ~/.zshrc behind compinit: eval "$(batchwright completion zsh)"
${shellTables(tree)}
${FRONT}
if [[ $funcstack[1] == _batchwright ]]; then _batchwright "$@"; else compdef _batchwright batchwright; fi
`
}

const FRONT = `_batchwright() {
  local program=$words[1] command='' option='' given=0 index word next
  local -a project found
  for ((index = 2; index < CURRENT; index++)); do
    word=$words[index]
    if [[ -n $option ]]; then
      case $option in -c | --config | -j | --jobs) project+=($option $word) ;; esac
      option=''
    elif [[ $word == -* ]]; then
      if _batchwright_takes_value "$command" "$word"; then option=$word; fi
    else
      next="\${command:+$command }$word"
      if ((given == 0)) && _batchwright_is_command "$next"; then command=$next; else given=$((given + 1)); fi
    fi
  done
  if [[ -n $option ]]; then
    found=(\${(f)"$(_batchwright_values "$command" "$option")"})
  elif [[ $words[CURRENT] == -* ]]; then
    found=(\${(f)"$(_batchwright_options "$command")"})
  elif ((given == 0)); then
    found=(\${(f)"$(_batchwright_words "$command"; _batchwright_argument "$command")"})
  fi
  case $found[-1] in
    :jobs) found=(\${(f)"$($program $project __jobs 2>/dev/null)"}) ;;
    :files) _files; return ;;
  esac
  compadd -a found
}`
