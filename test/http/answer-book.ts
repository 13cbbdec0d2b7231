/** Keeps which operation has answered what, and compares it with what the OpenAPI document promises. */
import { z } from 'zod'
import type { HttpApi } from '../../src/http/create-http-api.ts'
import type { Operation } from '../../src/http/operation.ts'
import { type DoorKind, problemsByStatus } from '../../src/http/operation-problems.ts'
import { OPERATIONS } from '../../src/http/operations/index.ts'
import { problemSchema } from '../../src/http/schemas/problem-schema.ts'

export interface AnswerBook {
  readonly note: (request: Request, response: Response, text: string) => void
  /** Answers that are not as documented. */
  readonly faults: readonly string[]
  /** Documented, and not answered: `launchJob 429`. */
  readonly missing: (api: HttpApi) => readonly string[]
}

interface DocumentedPath {
  readonly [method: string]: {
    readonly operationId: string
    readonly responses: Readonly<Record<string, unknown>>
  }
}

export function answerBook(door: DoorKind): AnswerBook {
  const seen = new Set<string>()
  const faults: string[] = []
  return {
    note: (request, response, text) => {
      const operation = operationOf(request)
      if (operation === undefined) return
      seen.add(`${operation.id} ${response.status}`)
      const fault = faultOf(operation, door, response, text)
      if (fault !== undefined) faults.push(`${request.method} ${request.url} ${response.status}: ${fault}`)
    },
    faults,
    missing: (api) => documented(api).filter((one) => !seen.has(one)),
  }
}

function operationOf({ method, url }: Request): Operation | undefined {
  const { pathname } = new URL(url)
  return OPERATIONS.find(
    (one) =>
      one.method === method.toLowerCase() &&
      new RegExp(`^${one.path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  )
}

/** A path of one job answers as the one with a name in it, but for 404. */
function documented(api: HttpApi): readonly string[] {
  const { paths } = api.openApiDocument() as { readonly paths: Readonly<Record<string, DocumentedPath>> }
  return Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ operationId, responses }) =>
      Object.keys(responses).map((status) => `${operationId.replace(/\..*/, '')} ${status}`),
    ),
  )
}

function faultOf(operation: Operation, door: DoorKind, response: Response, text: string): string | undefined {
  const { status } = response
  const type = response.headers.get('content-type')?.split(';')[0] ?? ''
  const answer = operation.answers[status]
  if (answer !== undefined) {
    if (answer.schema === undefined) return text === '' ? undefined : 'there should be no body'
    const wanted = answer.contentType ?? 'application/json'
    if (type !== wanted) return `the content type is ${type}, not ${wanted}`
    return wanted === 'application/json' ? difference(answer.schema, JSON.parse(text)) : undefined
  }
  const codes = problemsByStatus(operation, door).get(status)
  if (codes === undefined) return `${status} is not documented: ${text}`
  if (type !== 'application/problem+json') return `the content type is ${type}`
  const problem = JSON.parse(text) as { readonly code: string }
  if (!(codes as readonly string[]).includes(problem.code)) return `${problem.code} is not documented`
  return missingMembers(problemSchema, problem)
}

function missingMembers(schema: z.ZodType, value: unknown): string | undefined {
  const result = schema.safeParse(value)
  return result.success ? undefined : z.prettifyError(result.error)
}

/** What the schema does not know is taken away by it, and so is found. */
function difference(schema: z.ZodType, value: unknown): string | undefined {
  const result = schema.safeParse(value)
  if (!result.success) return z.prettifyError(result.error)
  const [told, known] = [JSON.stringify(sorted(value)), JSON.stringify(sorted(result.data))]
  return told === known ? undefined : `not all of it is documented: ${told} is read as ${known}`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]))
}
