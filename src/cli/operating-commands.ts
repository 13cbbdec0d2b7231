/** The commands that act on executions wherever they run: stop, abandon, recover. */
import type { Command } from 'commander'
import type { ContextOf, Finish } from './command-group.ts'
import { seconds } from './option-values.ts'

export function operatingCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('stop')
    .description('ask a running execution to stop at its next chunk, wherever it runs')
    .argument('<executionId>')
    .option('--wait [seconds]', 'until it has ended, at most so long: else the exit code is 8', seconds)
    .action(async (id: string, { wait }: { wait?: number | true }, command: Command) => {
      const { stop } = await import('./commands/stop.ts')
      const patience = wait === true ? Infinity : wait
      finish(await stop(contextOf(command), id, patience))
    })
  program
    .command('abandon')
    .description('settle that a failed or stopped execution is never restarted')
    .argument('<executionId>')
    .action(async (id: string, _: object, command: Command) => {
      const { abandon } = await import('./commands/abandon.ts')
      finish(await abandon(contextOf(command), id))
    })
  program
    .command('recover')
    .description('close an execution whose process has died as FAILED, so that it can be restarted')
    .argument('[executionId]')
    .option('--stale', 'every execution whose owner is dead')
    .option('--force', 'also from an owner that is alive, which then cannot commit, or from Spring Batch')
    .action(async (id: string | undefined, options: RecoverOptions, command: Command) => {
      const { stale = false, force = false } = options
      if ((id === undefined) !== stale)
        command.error('error: recover takes either an execution id or --stale')
      if (stale && force) command.error('error: --force is for one execution; name its id')
      const { recover, recoverStale } = await import('./commands/recover.ts')
      const context = contextOf(command)
      finish(id === undefined ? await recoverStale(context) : await recover(context, id, force))
    })
}

interface RecoverOptions {
  readonly stale?: boolean
  readonly force?: boolean
}
