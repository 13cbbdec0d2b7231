/** What a request asks for, checked by the schemas of its operation. */
import type { z } from '@hono/zod-openapi'
import { isSafeNumber, parse } from 'lossless-json'
import { nearestName } from '../core/model/nearest-name.ts'
import { pointer } from './batch-error-problem.ts'
import type { Operation } from './operation.ts'
import { Problem } from './problem.ts'

interface Fault {
  readonly detail: string
  /** In the body. */
  readonly pointer?: string
  /** In the query. */
  readonly parameter?: string
}

/** @throws Problem invalid-request */
export function readQuery({ query }: Operation, url: URL): unknown {
  if (query === undefined) return {}
  const given = Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => {
      const values = url.searchParams.getAll(name)
      return [name, values.length === 1 ? values[0] : values]
    }),
  )
  const faultOf = (path: readonly PropertyKey[], detail: string): Fault => ({
    parameter: String(path[0] ?? ''),
    detail,
  })
  return checked(query.strict(), given, faultOf)
}

/** @throws Problem unsupported-media-type, body-too-large, malformed-json, invalid-request */
export async function readBody(
  { body, bodyMayBeLeftOut }: Operation,
  request: Request,
  maxBytes: number,
): Promise<unknown> {
  if (body === undefined) return {}
  const type = request.headers.get('content-type')
  if (type !== null && !/^application\/json\s*(;|$)/i.test(type)) throw notJson(type)
  const text = await readText(request, maxBytes)
  if (text === '' && bodyMayBeLeftOut === true) return body.parse({})
  if (type === null && text !== '') throw notJson('none')
  return checked(body.strict(), parseJson(text), (path, detail) => ({ pointer: pointer(path), detail }))
}

/** Who has made more does not mend them one by one; and to say what each might have meant takes time. */
const MOST_FAULTS = 100

function checked(
  schema: z.ZodObject,
  given: unknown,
  faultOf: (path: readonly PropertyKey[], detail: string) => Fault,
): unknown {
  const result = schema.safeParse(given)
  const faults = [
    ...unstorable(given, []).map(({ path, why }) => faultOf(path, why)),
    ...(result.success ? [] : result.error.issues.flatMap((issue) => issueFaults(schema, issue, faultOf))),
  ]
  if (faults.length === 0) return result.data
  throw new Problem('invalid-request', 'The request is not valid; nothing was done.', {
    facts: { errors: faults.slice(0, MOST_FAULTS) },
  })
}

function issueFaults(
  schema: z.ZodObject,
  issue: z.core.$ZodIssue,
  faultOf: (path: readonly PropertyKey[], detail: string) => Fault,
): readonly Fault[] {
  if (issue.code !== 'unrecognized_keys') return [faultOf(issue.path, issue.message)]
  return issue.keys.slice(0, MOST_FAULTS).map((key) => {
    const nearest = issue.path.length === 0 ? nearestName(key, Object.keys(schema.shape)) : undefined
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`
    return faultOf([...issue.path, key], `There is no such name.${hint}`)
  })
}

interface Unstorable {
  readonly path: readonly PropertyKey[]
  readonly why: string
}

/** No schema goes deeper, so each refuses what there is. */
const DEEPEST = 10

function unstorable(value: unknown, path: readonly PropertyKey[]): readonly Unstorable[] {
  if (typeof value === 'string') return textFault(value, path)
  if (typeof value !== 'object' || value === null || path.length === DEEPEST) return []
  return Object.entries(value).flatMap(([name, one]) => {
    const at = [...path, name]
    const faults = nameFault(name, at)
    return faults.length > 0 ? faults : unstorable(one, at)
  })
}

/** Zod passes over that name: what stands under it would be lost without a word. */
function nameFault(name: string, path: readonly PropertyKey[]): readonly Unstorable[] {
  return name === '__proto__' ? [{ path, why: 'there is no such name' }] : textFault(name, path)
}

/** Postgres keeps no text with that character; and half a character becomes U+FFFD, so that two instances would be one. */
function textFault(text: string, path: readonly PropertyKey[]): readonly Unstorable[] {
  if (text.includes('\0')) return [{ path, why: 'it holds the character U+0000' }]
  return /\p{Surrogate}/u.test(text) ? [{ path, why: 'it holds half a surrogate pair' }] : []
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('content-length') ?? '0') > maxBytes) throw tooLarge(maxBytes)
  if (request.body === null) return ''
  const bytes = await readBytes(request.body, maxBytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('It is not UTF-8.')
  }
}

/** Of a client that goes away meanwhile nobody has to be told. */
async function readBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  try {
    for await (const part of body) {
      size += part.length
      if (size > maxBytes) throw tooLarge(maxBytes)
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof Problem ? error : malformed('It broke off.')
  }
  return Buffer.concat(parts)
}

/** A number that JavaScript would change keeps its digits as a text. */
function parseJson(text: string): unknown {
  if (text.trim() === '') throw malformed('It is empty.')
  try {
    return parse(text, undefined, (number) => (isSafeNumber(number) ? Number(number) : number))
  } catch (error) {
    if (error instanceof RangeError) throw malformed('It is nested too deep.')
    throw malformed(error instanceof Error ? error.message : '')
  }
}

function malformed(why: string): Problem {
  return new Problem('malformed-json', `The body could not be read as JSON; nothing was done. ${why}`)
}

function tooLarge(maxBytes: number): Problem {
  return new Problem('body-too-large', `The body has more than ${maxBytes} bytes; nothing was done.`)
}

function notJson(type: string): Problem {
  return new Problem('unsupported-media-type', `The content type is ${type}; send application/json.`)
}
