/** Other processes that use a project's Postgres, as real processes that can be killed. */

import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { EmbeddedPostgresConnection } from '../../../src/repository/embedded/index.ts'

export interface Holder {
  readonly connection: EmbeddedPostgresConnection
  readonly directory: string
  /** Milliseconds from the call to the answer. */
  readonly took: number
  readonly close: () => Promise<void>
  /** Returns when the process is gone. */
  readonly kill: () => Promise<void>
}

export interface HolderOptions {
  /** The compiled holder; another one when it must run from a place of its own. */
  readonly program?: string
  readonly uid?: number
  readonly gid?: number
}

type Told = { readonly error: string } | Pick<Holder, 'connection' | 'directory' | 'took'>

/** The process alone, which may be killed before it has opened anything. */
export function forkHolder(directory: string, { program, ...account }: HolderOptions = {}): ChildProcess {
  const path = program ?? fileURLToPath(new URL('./holder.js', import.meta.url))
  return fork(path, [directory], { cwd: '/', execArgv: [], env: { PATH: process.env['PATH'] }, ...account })
}

/** Resolves when it is open; rejects with what the process was told when it could not be opened. */
export async function holdPostgres(directory: string, options?: HolderOptions): Promise<Holder> {
  const child = forkHolder(directory, options)
  const gone = once(child, 'exit')
  const [told] = (await Promise.race([once(child, 'message'), gone])) as [Told | null]
  if (told === null || typeof told !== 'object') throw new Error(`the holder of ${directory} has ended early`)
  if ('error' in told) throw new Error(told.error)
  // A test that fails before it closes must not keep mocha from ending; the holder then ends with it.
  child.unref()
  child.channel?.unref()
  const close = async (): Promise<void> => {
    child.send('close')
    await gone
  }
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await gone
  }
  return { ...told, close, kill }
}
