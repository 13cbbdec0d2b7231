/** The OpenAPI document: made from the schemas that requests are checked by, and from the jobs. */
import { OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import type { JobDefinition } from '../core/definition/define-job.ts'
import { type Document, withJobs } from './job-launches.ts'
import type { AnswerDescription, Operation } from './operation.ts'
import { type DoorKind, problemsByStatus } from './operation-problems.ts'
import { problemSchema } from './schemas/problem-schema.ts'
import { withStorableTexts } from './storable-texts.ts'

export interface DocumentParts {
  readonly operations: readonly Operation[]
  readonly jobs: readonly JobDefinition[]
  readonly door: DoorKind
}

type Json = Readonly<Record<string, unknown>>

const INFO = {
  title: 'Batchwright',
  version: '1',
  description:
    'Launches batch jobs, shows what became of them, and operates them. Refusals are problem details (RFC 9457) with a stable code; ' +
    'a job that fails is never an error of a request. Ids are strings, times are RFC 3339 in UTC.',
}

export function openApiDocument({ operations, jobs, door }: DocumentParts): Json {
  const app = new OpenAPIHono()
  const registry = app.openAPIRegistry
  registry.register('Problem', problemSchema)
  const bearer = { type: 'http', scheme: 'bearer', description: 'A token of the server.' } as const
  if (door === 'tokens') registry.registerComponent('securitySchemes', 'bearer', bearer)
  for (const operation of operations) registry.registerPath(routeOf(operation, door))
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: INFO })
  return withStorableTexts(withJobs(JSON.parse(JSON.stringify(document)) as Document, jobs))
}

function routeOf(operation: Operation, door: DoorKind): RouteConfig {
  const { id, method, path, scope, tag, summary, description, query, headers, body } = operation
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string().min(1)])))
  return {
    operationId: id,
    method,
    path,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(door === 'tokens' ? { security: scope === null ? [] : [{ bearer: [] }], 'x-scope': scope } : {}),
    request: {
      ...(names.length === 0 ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined
        ? {}
        : {
            body: {
              required: operation.bodyMayBeLeftOut !== true,
              content: { 'application/json': { schema: body } },
            },
          }),
    },
    responses: responsesOf(operation, door),
  }
}

function responsesOf(operation: Operation, door: DoorKind): RouteConfig['responses'] {
  const answers = Object.entries(operation.answers).map(([status, answer]) => [status, responseOf(answer)])
  const problems = [...problemsByStatus(operation, door)].map(([status, codes]) => [
    status,
    {
      description: codes.map((code) => `\`${code}\``).join(', '),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [{ $ref: '#/components/schemas/Problem' }, { properties: { code: { enum: codes } } }],
          },
        },
      },
    },
  ])
  return Object.fromEntries([...answers, ...problems]) as RouteConfig['responses']
}

function responseOf({
  description,
  schema,
  contentType = 'application/json',
  headers = {},
}: AnswerDescription) {
  const described = Object.entries(headers).map(([name, text]) => [
    name,
    { description: text, schema: { type: 'string' } },
  ])
  return {
    description,
    ...(described.length === 0 ? {} : { headers: Object.fromEntries(described) as Json }),
    ...(schema === undefined ? {} : { content: { [contentType]: { schema } } }),
  }
}
