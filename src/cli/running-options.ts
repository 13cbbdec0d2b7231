/** Options that all commands have that run a job. */
import { Option } from 'commander'
import { seconds } from './option-values.ts'
import { PROGRESS_MODES } from './show-progress.ts'

export function graceOption(): Option {
  return new Option('--grace <seconds>', 'after a signal, how long the open chunk may still take')
    .argParser(seconds)
    .default(25)
}

export function progressOption(): Option {
  return new Option('--progress <how>', 'auto is a bar on a terminal, else log: a line now and then')
    .choices(PROGRESS_MODES)
    .default('auto')
}
