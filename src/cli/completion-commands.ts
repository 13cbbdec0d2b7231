/** The commands for shells: the scripts that complete a line, and the names that these ask for. */
import { Argument, type Command } from 'commander'
import type { ContextOf, Finish } from './command-group.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

export function completionCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  program
    .command('completion')
    .description('print a script that completes commands, options and names of jobs')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      process.stdout.write(await completionScript(program, shell))
    })
  program.command('__jobs', { hidden: true }).action(async (_: object, command: Command) => {
    const { jobNames } = await import('./commands/job-names.ts')
    finish(await jobNames(contextOf(command)))
  })
}

async function completionScript(program: Command, shell: Shell): Promise<string> {
  const { completionTree } = await import('./completion/completion-tree.ts')
  const tree = completionTree(program)
  switch (shell) {
    case 'bash':
      return (await import('./completion/bash-completion.ts')).bashCompletion(tree)
    case 'zsh':
      return (await import('./completion/zsh-completion.ts')).zshCompletion(tree)
    case 'fish':
      return (await import('./completion/fish-completion.ts')).fishCompletion(tree)
    default:
      return shell satisfies never
  }
}
