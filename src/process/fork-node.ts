/** Forks of Node for work of ours: they talk to us over a channel, and know by its end that we are gone. */
import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { unsealed } from './sealed-message.ts'

export interface Fork<To, From> {
  readonly child: ChildProcess
  /** Nothing where it is gone: that is noticed by its exit. */
  readonly send: (message: To) => void
  /** Until what it answers is called. Messages that are none of ours are passed over. */
  readonly hear: (listener: (message: From) => void) => () => void
}

/** Its output goes to our standard error: standard output is the command's result. */
export function forkNode<To extends Serializable, From>(script: URL): Fork<To, From> {
  const child = fork(fileURLToPath(script), {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: process.execArgv.filter((option) => !option.startsWith('--inspect')),
  })
  child.stdout?.on('data', (text: Uint8Array) => void process.stderr.write(text))
  child.stderr?.on('data', (text: Uint8Array) => void process.stderr.write(text))
  return {
    child,
    send: (message) => {
      if (child.connected) child.send(message, () => {})
    },
    hear: (listener) => {
      const onMessage = (heard: unknown): void => {
        const message = unsealed<From>(heard)
        if (message !== undefined) listener(message)
      }
      child.on('message', onMessage)
      return () => child.off('message', onMessage)
    },
  }
}

/** How it ended, in words; after the channel, since what it said last may be read after its exit. */
export function endOfFork(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(`could not be started: ${error.message}`)
    })
    child.once('exit', (code, signal) => {
      const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
      if (child.connected) child.once('disconnect', () => resolve(how))
      else resolve(how)
    })
  })
}
