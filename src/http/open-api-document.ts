/** The OpenAPI document: made from the schemas that requests are checked by, and from the jobs. */
import { OpenAPIHono, type RouteConfig, z } from '@hono/zod-openapi'
import { parametersJsonSchema } from '../core/definition/parameters-schema.ts'
import type { JobDefinition } from '../core/definition/define-job.ts'
import type { AnswerDescription, Operation } from './operation.ts'
import { type DoorKind, problemsByStatus } from './operation-problems.ts'
import { problemSchema } from './schemas/problem-schema.ts'

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
  return withJobs(JSON.parse(JSON.stringify(document)) as Document, jobs)
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

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, PathOperation>>>>
  readonly components: { readonly schemas: Json; readonly securitySchemes?: Json }
}

interface PathOperation {
  readonly operationId: string
  readonly parameters: readonly { readonly name: string }[]
  readonly requestBody: { readonly content: Json }
  readonly responses: Json
}

const LAUNCH = '/api/v1/jobs/{job}/executions'

/**
 * Each job has a path of its own beside the one with a name in it, so that whoever makes a client from this gets a call with the
 * job's own parameters.
 */
function withJobs(document: Document, jobs: readonly JobDefinition[]): Json {
  const launch = document.paths[LAUNCH]?.['post']
  if (launch === undefined) return { ...document }
  const names = jobs.map(({ name }, index) => ({ name, component: componentName(name, index) }))
  const paths = names.map(({ name, component }) => [
    LAUNCH.replace('{job}', encodeURIComponent(name)),
    { post: launchOf(launch, name, component) },
  ])
  const parameters = jobs.map((job, index) => {
    const { $schema: _, ...schema } = parametersJsonSchema(job.parameters)
    return [componentName(job.name, index), { description: job.description, ...schema }]
  })
  const { schemas } = document.components
  return {
    ...document,
    paths: { ...document.paths, ...(Object.fromEntries(paths) as Json) },
    components: {
      ...document.components,
      schemas: { ...schemas, ...(Object.fromEntries(parameters) as Json) },
    },
  }
}

/** Of letters that a component may be named with. */
function componentName(jobName: string, index: number): string {
  const letters = jobName.replaceAll(/[^A-Za-z0-9._-]/g, '-')
  return `Parameters.${letters === jobName ? letters : `${letters}.${index + 1}`}`
}

function launchOf(launch: PathOperation, name: string, component: string): Json {
  const { 404: _, ...responses } = launch.responses as Readonly<Record<string, unknown>>
  const $ref = `#/components/schemas/${component}`
  return {
    ...launch,
    operationId: `${launch.operationId}.${component.replace('Parameters.', '')}`,
    summary: `Launch ${name}`,
    parameters: launch.parameters.filter((one) => one.name !== 'job'),
    requestBody: { ...launch.requestBody, content: bodyWith(launch.requestBody.content, { $ref }) },
    responses,
  }
}

function bodyWith(content: Json, parameters: Json): Json {
  const { schema } = content['application/json'] as { readonly schema: { readonly properties: Json } }
  const properties = { ...schema.properties, parameters }
  return { 'application/json': { schema: { ...schema, properties } } }
}
