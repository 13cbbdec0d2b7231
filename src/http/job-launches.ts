/** In the OpenAPI document: a path for launching each job, with its own parameters. */
import type { JobDefinition } from '../core/definition/define-job.ts'
import { parametersJsonSchema } from '../core/definition/parameters-schema.ts'

type Json = Readonly<Record<string, unknown>>

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, PathOperation>>>>
  readonly components: { readonly schemas: Json; readonly securitySchemes?: Json }
}

export interface PathOperation {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string }[]
  readonly requestBody?: { readonly content: Json }
  readonly responses: Json
}

const LAUNCH = '/api/v1/jobs/{job}/executions'

/**
 * Each job has a path of its own beside the one with a name in it, so that whoever makes a client from this gets a call with the
 * job's own parameters.
 */
export function withJobs(document: Document, jobs: readonly JobDefinition[]): Document {
  const launch = document.paths[LAUNCH]?.['post']
  if (launch === undefined) return document
  const named = jobs.map((job, index) => ({ job, name: schemaName(job.name, index) }))
  const paths = named.map(({ job, name }) => [
    LAUNCH.replace('{job}', encodeURIComponent(job.name)),
    { post: launchOf(launch, job.name, name) },
  ])
  const parameters = named.flatMap(({ job, name }) => {
    return [
      [`Parameters.${name}`, parametersOf(job)],
      [`NextParameters.${name}`, nextParametersOf(job)],
    ]
  })
  return {
    ...document,
    paths: { ...document.paths, ...(Object.fromEntries(paths) as Document['paths']) },
    components: {
      ...document.components,
      schemas: { ...document.components.schemas, ...(Object.fromEntries(parameters) as Json) },
    },
  }
}

/** Of letters that a component may be named with. */
function schemaName(jobName: string, index: number): string {
  const letters = jobName.replaceAll(/[^A-Za-z0-9._-]/g, '-')
  return letters === jobName ? letters : `${letters}.${index + 1}`
}

/** What may be left out may be null, too. */
function parametersOf(job: JobDefinition): Json {
  const { $schema: _, properties, required = [], ...schema } = parametersJsonSchema(job.parameters)
  const needed = required as readonly string[]
  const all = Object.entries(properties as Readonly<Record<string, Json>>).map(([name, one]) => [
    name,
    needed.includes(name) ? one : orNull(one),
  ])
  return {
    description: job.description,
    ...schema,
    properties: Object.fromEntries(all) as Json,
    required: needed,
  }
}

/** Nothing is needed: what is not given is the last instance's. */
function nextParametersOf(job: JobDefinition): Json {
  const { $schema: _, properties, required: __, ...schema } = parametersJsonSchema(job.parameters)
  const all = Object.entries(properties as Readonly<Record<string, Json>>)
  return {
    description: job.description,
    ...schema,
    properties: Object.fromEntries(all.map(([name, one]) => [name, orNull(one)])) as Json,
  }
}

function orNull(schema: Json): Json {
  const { type, enum: values, const: only } = schema
  if (typeof type !== 'string' || only !== undefined) return { anyOf: [schema, { type: 'null' }] }
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) ? { enum: [...values, null] } : {}) }
}

function launchOf(
  launch: PathOperation,
  jobName: string,
  name: string,
): PathOperation & { readonly summary: string } {
  const { 404: _, ...responses } = launch.responses as Readonly<Record<string, unknown>>
  return {
    ...launch,
    operationId: `${launch.operationId}.${name}`,
    summary: `Launch ${jobName}`,
    parameters: (launch.parameters ?? []).filter((one) => one.name !== 'job'),
    requestBody: { ...launch.requestBody, content: bodyOf(launch.requestBody?.content ?? {}, name) },
    responses,
  }
}

interface BodySchema {
  readonly properties: Readonly<Record<string, Json>>
  readonly required: readonly string[]
}

/** The next instance needs nothing: it takes from the last one what is not given. */
function bodyOf(content: Json, name: string): Json {
  const { schema } = content['application/json'] as { readonly schema: BodySchema }
  const { mode, ...others } = schema.properties
  const start = {
    ...others,
    parameters: { $ref: `#/components/schemas/Parameters.${name}` },
    mode: { ...mode, enum: ['start'] },
  }
  const { default: _, ...chosen } = mode ?? {}
  const next = {
    ...others,
    parameters: { $ref: `#/components/schemas/NextParameters.${name}` },
    mode: { ...chosen, enum: ['next'] },
  }
  const either = [
    { ...schema, properties: start },
    { ...schema, properties: next, required: [...schema.required, 'mode'] },
  ]
  return { 'application/json': { schema: { oneOf: either } } }
}
