/** The commands that run a job in this process: run and restart. */
import { type Command, Option } from 'commander'
import type { ContextOf, Finish } from './command-group.ts'
import type { RestartOptions } from './commands/restart.ts'
import type { RunOptions } from './commands/run.ts'
import { withKubernetesSlot } from './kubernetes-slot.ts'
import { positiveInteger } from './option-values.ts'
import { graceOption, progressOption } from './running-options.ts'
import { triggerName } from './trigger-options.ts'

export function runningCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  runCommand(program, contextOf, finish)
  restartCommand(program, contextOf, finish)
}

interface DryRunFlags {
  readonly dryRun?: boolean
  readonly sample?: number
}

type RunFlags = RunOptions & DryRunFlags & { readonly scheduledFromK8sJobName?: string }

function runCommand(program: Command, contextOf: ContextOf, finish: Finish): void {
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
        return finish(await dryRun(contextOf(command), job, given, options))
      }
      const { run } = await import('./commands/run.ts')
      finish(await run(contextOf(command), job, given, options))
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

function restartCommand(program: Command, contextOf: ContextOf, finish: Finish): void {
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
      finish(await restart(contextOf(command), id, words, options))
    })
}
