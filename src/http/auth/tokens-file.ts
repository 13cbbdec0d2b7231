/** The file in which a server's tokens stand, as hashes. */
import { readFile, stat } from 'node:fs/promises'
import { BatchError } from '../../core/model/batch-error.ts'
import { thrownText } from '../../core/model/error-description.ts'
import { type AccessToken, TOKEN_NAME_LIMIT } from './access-token.ts'
import { isScope, SCOPES } from './scopes.ts'

export interface TokensFile {
  readonly tokens: readonly AccessToken[]
  /** What should be mended, and does not keep the server from starting: a file that others can read. */
  readonly warnings: readonly string[]
}

const OTHERS = 0o077

/**
 * `{ "tokens": [{ "name": "airflow", "scopes": ["launch"], "sha256": "…" }] }`. Everything that is wrong with it is told at once;
 * no message has a hash in it.
 * @throws BatchError INVALID_CONFIGURATION
 */
export async function readTokensFile(path: string): Promise<TokensFile> {
  const tokens = checkedTokens(path, await contentOf(path))
  const { mode } = await stat(path)
  const isOpen = process.platform !== 'win32' && (mode & OTHERS) !== 0
  const octal = (mode & 0o777).toString(8)
  return {
    tokens,
    warnings: isOpen ? [`${path} can be read by others (mode ${octal}); chmod 600 ${path}`] : [],
  }
}

async function contentOf(path: string): Promise<unknown> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw unusable(path, [thrownText(error)], error)
  }
  try {
    return JSON.parse(text) as unknown
  } catch {
    // V8 quotes the text in its message, and the text has hashes, or worse.
    throw unusable(path, ['it is not JSON'])
  }
}

function checkedTokens(path: string, content: unknown): readonly AccessToken[] {
  const list = isObject(content) ? content['tokens'] : undefined
  if (!Array.isArray(list)) throw unusable(path, ['it is not { "tokens": […] }'])
  // Whoever has taken out the last one has not meant that now everybody may come.
  if (list.length === 0)
    throw unusable(path, [
      'it has no tokens. Make one: batchwright token create; to ask for none, name no file',
    ])
  const names = list.map((one: unknown) => (isObject(one) ? one['name'] : undefined))
  const faults = list.flatMap((one: unknown, index) =>
    faultsOf(one).map((fault) => `token ${index + 1}: ${fault}`),
  )
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  const doubled = [...twice].filter((name) => typeof name === 'string').map((name) => `${name}: named twice`)
  if (faults.length + doubled.length > 0) throw unusable(path, [...faults, ...doubled])
  return list as readonly AccessToken[]
}

function faultsOf(one: unknown): readonly string[] {
  if (!isObject(one)) return ['it is no object']
  const { name, scopes, sha256 } = one
  const words: readonly unknown[] = Array.isArray(scopes) ? scopes : []
  const isNamed = typeof name === 'string' && /^[^\p{Cc}]+$/u.test(name) && name.length <= TOKEN_NAME_LIMIT
  return [
    ...(isNamed ? [] : [`its name must be a text of 1 to ${TOKEN_NAME_LIMIT} characters`]),
    ...(words.length === 0 ? [`it has no scopes; there are ${SCOPES.join(', ')}`] : []),
    ...words
      .filter((word) => !isScope(word))
      .map((word) => `there is no scope ${JSON.stringify(word)}; there are ${SCOPES.join(', ')}`),
    ...(typeof sha256 === 'string' && /^[0-9a-f]{64}$/i.test(sha256)
      ? []
      : ['its sha256 must be 64 hexadecimal digits']),
  ]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unusable(path: string, faults: readonly string[], cause?: unknown): BatchError {
  const list = faults.map((fault) => `\n  ${fault}`).join('')
  return new BatchError('INVALID_CONFIGURATION', `The tokens file ${path} cannot be used:${list}`, {
    details: { path, faults },
    cause,
  })
}
