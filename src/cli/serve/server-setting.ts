/** Where and how a server listens, by options, environment and config. */
import { resolve } from 'node:path'
import { BatchError } from '../../core/model/batch-error.ts'
import { isLoopbackHost } from '../../core/model/loopback-host.ts'
import type { AccessToken } from '../../http/auth/access-token.ts'
import { readTokensFile } from '../../http/auth/tokens-file.ts'
import type { Continuation } from '../../pool/continue-executions.ts'
import type { Project } from '../find-project.ts'

export interface ServeOptions {
  readonly port?: number
  readonly host?: string
  readonly concurrency?: number
  /** In seconds. */
  readonly grace: number
  readonly withScheduler?: boolean
  readonly onStopped?: Continuation
  readonly onRecovered?: Continuation
  readonly insecure?: boolean
}

export interface ServerSetting {
  readonly port: number
  readonly host: string
  readonly concurrency: number
  readonly onStopped: Continuation
  readonly onRecovered: Continuation
  readonly mask: readonly string[] | undefined
  readonly tokens: readonly AccessToken[]
  /** For whoever starts it. */
  readonly warnings: readonly string[]
}

const PORT = 8080
const HOST = '127.0.0.1'
const CONCURRENCY = 4

/** @throws BatchError INVALID_CONFIGURATION, where others could reach it and nobody would have to say who they are */
export async function serverSetting(
  { config, folder }: Pick<Project, 'config' | 'folder'>,
  options: ServeOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ServerSetting> {
  const { server = {} } = config
  const file = environment['BATCHWRIGHT_TOKENS_FILE'] || server.tokensFile
  const { tokens, warnings } =
    file === undefined ? { tokens: [], warnings: [] } : await readTokensFile(resolve(folder, file))
  const host = options.host ?? server.host ?? HOST
  return {
    port: options.port ?? server.port ?? PORT,
    host,
    concurrency: options.concurrency ?? server.concurrency ?? CONCURRENCY,
    onStopped: options.onStopped ?? server.onStopped ?? 'restart',
    onRecovered: options.onRecovered ?? server.onRecovered ?? 'restart',
    mask: server.mask,
    tokens,
    warnings: [...warnings, ...openDoor(host, tokens, options.insecure === true)],
  }
}

/** Says so where anybody may come. @throws BatchError INVALID_CONFIGURATION */
function openDoor(host: string, tokens: readonly AccessToken[], isMeant: boolean): readonly string[] {
  if (tokens.length > 0 || isLoopbackHost(host)) return []
  if (isMeant) return [`listening on ${host} without tokens: whoever reaches it can run and stop jobs`]
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `The server would listen on ${host}, where others reach it, and has no tokens, so that anybody could run and stop jobs. ` +
      'Give it tokens (batchwright token create, and server: { tokensFile } in the config), leave --host out, or say --insecure where something else guards it.',
    { details: { host } },
  )
}
