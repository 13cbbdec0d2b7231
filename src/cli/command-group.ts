/** What each group of commands is added to the program with. */
import type { Command } from 'commander'
import type { CommandContext } from './command-context.ts'

export type ContextOf = (command: Command) => CommandContext

/** Called with the exit code when the command has done its work. */
export type Finish = (exitCode: number) => void

export type CommandGroup = (program: Command, contextOf: ContextOf, finish: Finish) => void
