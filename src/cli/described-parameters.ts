/** A job's parameters for people: what `describe` shows of the JSON Schema that forms and the API get too. */
import type { JobDefinition } from '../core/definition/define-job.ts'
import { parametersJsonSchema } from '../core/definition/parameters-schema.ts'

export interface DescribedParameter {
  readonly name: string
  /** `date`, `integer`, `EU | US` */
  readonly type: string
  readonly identifying: boolean
  readonly required: boolean
  /** As it would be written on the command line. */
  readonly default: string | undefined
  readonly description: string
  /** A value that the type takes, for the example. */
  readonly sample: string
}

type Scalar = string | number | boolean

interface Property {
  /** Several for a nullable one. */
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly enum?: readonly Scalar[]
  readonly const?: Scalar
  readonly anyOf?: readonly Property[]
  readonly default?: Scalar | null
  readonly description?: string
  readonly minimum?: number
  readonly 'x-identifying'?: boolean
}

export function describeJobParameters(job: JobDefinition): readonly DescribedParameter[] {
  const schema = parametersJsonSchema(job.parameters)
  const required = (schema['required'] ?? []) as readonly string[]
  return Object.entries(schema['properties'] as Readonly<Record<string, Property>>).map(
    ([name, property]) => ({
      name,
      type: typeText(property),
      identifying: property['x-identifying'] !== false,
      required: required.includes(name),
      default:
        property.default === undefined || property.default === null ? undefined : String(property.default),
      description: property.description ?? '',
      sample: sampleOf(name, property),
    }),
  )
}

/** `batchwright run load-trades file=… businessDate=2026-01-31`, with the parameters that must be given. */
export function exampleLine(job: JobDefinition): string {
  const given = describeJobParameters(job).filter(({ required }) => required)
  return ['batchwright', 'run', job.name, ...given.map(({ name, sample }) => `${name}=${sample}`)].join(' ')
}

function typeText(property: Property): string {
  const values = property.enum ?? (property.const === undefined ? undefined : [property.const])
  if (values !== undefined) return values.map(String).join(' | ')
  if (property.anyOf !== undefined) {
    const types = property.anyOf.filter(({ type }) => type !== 'null').map(typeText)
    return [...new Set(types)].join(' | ')
  }
  const { format } = property
  const type = [property.type ?? 'string'].flat().filter((one) => one !== 'null')[0] ?? 'null'
  return format === undefined || type === 'integer' ? type : format
}

function sampleOf(name: string, property: Property): string {
  const values = property.enum ?? property.anyOf?.map((one) => one.const).filter((one) => one !== undefined)
  if (values?.[0] !== undefined) return String(values[0])
  switch (typeText(property)) {
    case 'date':
      return '2026-01-31'
    case 'date-time':
      return '2026-01-31T02:00:00Z'
    case 'integer':
    case 'number':
      return String(Math.max(property.minimum ?? 1, 1))
    case 'boolean':
      return 'true'
    default:
      return name.toUpperCase()
  }
}
