/** In the OpenAPI document: no text that is sent may hold U+0000, which Postgres keeps in no text. */
import type { Document, PathOperation } from './job-launches.ts'

const STORABLE = '^[^\\u0000]*$'
/** What says more exactly already which texts there are. */
const NARROWER = ['pattern', 'format', 'enum', 'const'] as const

/** Says so of queries, headers and bodies, and of what these refer to; not of what is answered. */
export function withStorableTexts(document: Document): Readonly<Record<string, unknown>> {
  const { paths, components } = document
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
  const sent = referredTo(
    operations.map(({ parameters, requestBody }) => [parameters, requestBody]),
    components.schemas,
  )
  const schemas = Object.entries(components.schemas).map(([name, schema]) => [
    name,
    sent.has(name) ? storable(schema) : schema,
  ])
  return {
    ...document,
    paths: mapValues(paths, (methods) => mapValues(methods, withStorableRequest)),
    components: { ...components, schemas: Object.fromEntries(schemas) as unknown },
  }
}

function withStorableRequest(operation: PathOperation): unknown {
  const { parameters, requestBody } = operation
  return {
    ...operation,
    ...(parameters === undefined ? {} : { parameters: storable(parameters) }),
    ...(requestBody === undefined ? {} : { requestBody: storable(requestBody) }),
  }
}

function storable(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(storable)
  if (!isObject(part)) return part
  const mapped = mapValues(part, storable)
  const isFreeText = [part['type']].flat().includes('string') && !NARROWER.some((word) => word in part)
  return isFreeText ? { ...mapped, pattern: STORABLE } : mapped
}

/** The names of the schemas that a part refers to, also by way of others. */
function referredTo(
  part: unknown,
  schemas: Readonly<Record<string, unknown>>,
  names: Set<string> = new Set(),
): ReadonlySet<string> {
  if (Array.isArray(part)) part.forEach((one) => referredTo(one, schemas, names))
  else if (isObject(part)) {
    const name = typeof part['$ref'] === 'string' ? (part['$ref'].split('/').at(-1) ?? '') : ''
    if (name in schemas && !names.has(name)) referredTo(schemas[name], schemas, names.add(name))
    Object.values(part).forEach((one) => referredTo(one, schemas, names))
  }
  return names
}

function isObject(part: unknown): part is Readonly<Record<string, unknown>> {
  return typeof part === 'object' && part !== null
}

function mapValues<V>(
  object: Readonly<Record<string, V>>,
  map: (value: V) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
}
