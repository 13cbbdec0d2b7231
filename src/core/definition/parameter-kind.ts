/** What a parameter's zod schema says about it: which Java type it is recorded as, and whether it identifies. */
import { z } from 'zod'
import type { JavaType } from '../model/java-types.ts'

export interface ParameterKind {
  readonly javaType: Extract<
    JavaType,
    | 'java.lang.String'
    | 'java.lang.Long'
    | 'java.lang.Double'
    | 'java.lang.Boolean'
    | 'java.time.LocalDate'
    | 'java.time.LocalDateTime'
  >
  readonly identifying: boolean
}

const IDENTIFYING = 'x-identifying'

/**
 * Marks a parameter that does not make another instance: a chunk size, the name of a requester. Found through every
 * wrapper that is put around it later, and shown as `x-identifying: false` in the JSON Schema.
 */
export function nonIdentifying<S extends z.ZodType>(schema: S): S {
  return schema.meta({ ...z.globalRegistry.get(schema), [IDENTIFYING]: false })
}

/** Undefined when the schema's output has no Java type that Spring knows: an object, a list, an unpiped transform. */
export function parameterKind(schema: z.core.$ZodType): ParameterKind | undefined {
  const javaType = outputType(schema)
  return javaType === undefined ? undefined : { javaType, identifying: isIdentifying(schema) }
}

/** The schema inside `.optional()`, `.default()` and the other wrappers that change no type. */
export function unwrapOnce(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const def = (schema as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return def.innerType
    default:
      return undefined
  }
}

function isIdentifying(schema: z.core.$ZodType): boolean {
  const mark = z.globalRegistry.get(schema)?.[IDENTIFYING]
  if (typeof mark === 'boolean') return mark
  const def = (schema as z.core.$ZodTypes)._zod.def
  const inner = unwrapOnce(schema) ?? (def.type === 'pipe' ? def.in : undefined)
  return inner === undefined ? true : isIdentifying(inner)
}

function outputType(schema: z.core.$ZodType): ParameterKind['javaType'] | undefined {
  const inner = unwrapOnce(schema)
  if (inner !== undefined) return outputType(inner)
  const def = (schema as z.core.$ZodTypes)._zod.def
  switch (def.type) {
    case 'string':
      return stringType(schema)
    case 'enum':
    case 'template_literal':
      return 'java.lang.String'
    case 'number':
      return isInteger(schema) ? 'java.lang.Long' : 'java.lang.Double'
    case 'bigint':
      return 'java.lang.Long'
    case 'boolean':
      return 'java.lang.Boolean'
    case 'date':
      return 'java.time.LocalDateTime'
    case 'literal':
      return sameType(def.values.map(literalType))
    case 'union':
      return sameType(def.options.map(outputType))
    case 'pipe':
      return outputType(def.out)
    default:
      return undefined
  }
}

function stringType(schema: z.core.$ZodType): ParameterKind['javaType'] {
  const formats = declaredFormats(schema)
  if (formats.includes('date')) return 'java.time.LocalDate'
  return formats.includes('datetime') ? 'java.time.LocalDateTime' : 'java.lang.String'
}

function isInteger(schema: z.core.$ZodType): boolean {
  return declaredFormats(schema).some((format) => /int/.test(format))
}

/** `z.int()` carries its format itself, `z.number().int()` in a check. */
function declaredFormats(schema: z.core.$ZodType): readonly string[] {
  const def = schema._zod.def as { format?: string; checks?: readonly z.core.$ZodCheck[] }
  const fromChecks = (def.checks ?? []).map((check) => (check._zod.def as { format?: string }).format)
  return [def.format, ...fromChecks].filter((format) => format !== undefined)
}

function literalType(value: unknown): ParameterKind['javaType'] | undefined {
  switch (typeof value) {
    case 'string':
      return 'java.lang.String'
    case 'boolean':
      return 'java.lang.Boolean'
    case 'bigint':
      return 'java.lang.Long'
    case 'number':
      return Number.isInteger(value) ? 'java.lang.Long' : 'java.lang.Double'
    default:
      return undefined
  }
}

function sameType(
  types: readonly (ParameterKind['javaType'] | undefined)[],
): ParameterKind['javaType'] | undefined {
  return types.every((type) => type === types[0]) ? types[0] : undefined
}
