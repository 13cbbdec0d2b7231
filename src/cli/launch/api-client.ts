/** One request to a server, and what came of it. */
import { readFile } from 'node:fs/promises'
import { BatchError } from '../../core/model/batch-error.ts'
import { thrownText } from '../../core/model/error-description.ts'

export type Json = Readonly<Record<string, unknown>>

export type ApiAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: Json }
  /** Refused by the server itself, in its own words. */
  | { readonly kind: 'problem'; readonly status: number; readonly code: string; readonly body: Json }
  /** No answer, or none of a server of ours. `arrived`: the request may have been done all the same. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly arrived: boolean }

export interface ApiClient {
  readonly server: string
  readonly get: (path: string, signal: AbortSignal) => Promise<ApiAnswer>
  readonly post: (
    path: string,
    body: Json,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ) => Promise<ApiAnswer>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Longer than any answer that is waited for. */
const PATIENCE_MILLISECONDS = 90_000

/** @throws BatchError INVALID_CONFIGURATION where there is no server's address, or its token cannot be read */
export async function apiClient(option: string | undefined, environment: Environment): Promise<ApiClient> {
  const base = serverAddress(option ?? environment['BATCHWRIGHT_SERVER'])
  const token = await tokenOf(environment)
  const ask = async (path: string, init: RequestInit, signal: AbortSignal): Promise<ApiAnswer> => {
    const headers = {
      Accept: 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(init.headers as Readonly<Record<string, string>> | undefined),
    }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)])
    try {
      const url = new URL(path, base)
      return await answerOf(await fetch(url, { ...init, headers, signal: limit, redirect: 'error' }))
    } catch (error) {
      signal.throwIfAborted()
      const reason = reasonOf(error)
      const arrived = !NEVER_ARRIVED.includes(codeOf(error)) && !reason.endsWith(FORBIDDEN_PORT)
      return { kind: 'unreachable', reason, arrived }
    }
  }
  return {
    server: base.origin,
    get: (path, signal) => ask(path, {}, signal),
    post: (path, body, headers, signal) =>
      ask(
        path,
        {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'Content-Type': 'application/json', ...headers },
        },
        signal,
      ),
  }
}

const NEVER_ARRIVED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']

/** Some ports are never asked by `fetch`, 6000 for one; its error has no code. */
const FORBIDDEN_PORT = 'bad port'

/** A path in it is kept: a proxy may have put the server there. */
function serverAddress(text: string | undefined): URL {
  const url = text === undefined || !URL.canParse(text) ? undefined : new URL(text)
  if (url !== undefined && /^https?:$/.test(url.protocol)) {
    if (!url.pathname.endsWith('/')) url.pathname += '/'
    return url
  }
  throw new BatchError(
    'INVALID_CONFIGURATION',
    text === undefined || text === ''
      ? 'Which server is to be asked? Say --server http://127.0.0.1:8080, or set BATCHWRIGHT_SERVER. To run the job in this process: batchwright run.'
      : 'The address of the server is not one such as http://127.0.0.1:8080.',
  )
}

/** Never an option: command lines are seen by everybody on the machine. */
async function tokenOf(environment: Environment): Promise<string | undefined> {
  const token = environment['BATCHWRIGHT_TOKEN']
  if (token !== undefined && token !== '') return token
  const file = environment['BATCHWRIGHT_TOKEN_FILE']
  if (file === undefined || file === '') return undefined
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `The file of BATCHWRIGHT_TOKEN_FILE cannot be read: ${thrownText(error)}`,
      { details: { file }, cause: error },
    )
  }
}

async function answerOf(response: Response): Promise<ApiAnswer> {
  const { status } = response
  const text = await response.text()
  const body = parsed(text)
  if (response.ok && body !== undefined) return { kind: 'answered', status, body }
  const code = body?.['code']
  if (!response.ok && body !== undefined && typeof code === 'string')
    return { kind: 'problem', status, code, body }
  const reason = `something that is no server of batchwright answered with status ${status}`
  return { kind: 'unreachable', reason, arrived: true }
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Json) : undefined
  } catch {
    return undefined
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return thrownText(cause ?? error).split('\n')[0] ?? ''
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}
