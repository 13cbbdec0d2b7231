/** `batchwright token create <name>` */
import { randomBytes } from 'node:crypto'
import { BatchError } from '../../core/model/batch-error.ts'
import { TOKEN_NAME_LIMIT, tokenHash } from '../../http/auth/access-token.ts'
import { isScope, SCOPES } from '../../http/auth/scopes.ts'
import type { CommandContext } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'

const BYTES = 32

/** It is nowhere but in what is printed. @throws BatchError INVALID_CONFIGURATION */
export function createToken({ output }: CommandContext, name: string, scopes: readonly string[]): number {
  const wrong = scopes.filter((scope) => !isScope(scope))
  if (wrong.length > 0)
    throw invalid(`There is no scope ${wrong.join(', ')}. There are ${SCOPES.join(', ')}.`)
  if (name.trim() === '' || name.length > TOKEN_NAME_LIMIT)
    throw invalid(`The name of a token has 1 to ${TOKEN_NAME_LIMIT} characters.`)
  const token = `bw_${randomBytes(BYTES).toString('base64url')}`
  const record = { name, scopes, sha256: tokenHash(token) }
  if (output.json) output.result(jsonLine({ token, record }))
  else {
    output.tell('The token, for BATCHWRIGHT_TOKEN of whoever asks; it is not shown again:')
    output.result(token)
    output.tell('\nIts record, for the "tokens" of the tokens file of the server:')
    output.tell(jsonLine(record))
  }
  return 0
}

function invalid(message: string): BatchError {
  return new BatchError('INVALID_CONFIGURATION', `${message} No token was made.`)
}
