/** A job's parameters as JSON Schema, for launch forms, API documents and `describe`. */
import { z } from 'zod'
import { parameterKind } from './parameter-kind.ts'

/** JSON Schema 2020-12 of what a launch takes. Each property says `x-identifying`; dates and bigints get a format. */
export function parametersJsonSchema(schema: z.ZodObject): Readonly<Record<string, unknown>> {
  const converted = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: representDriverTypes,
  })
  const properties: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(converted.properties ?? {})) {
    const identifying = parameterKind(schema.shape[name])?.identifying ?? true
    properties[name] = { ...(property as object), 'x-identifying': identifying }
  }
  return { ...converted, properties, additionalProperties: false }
}

function representDriverTypes({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodTypes
  jsonSchema: Record<string, unknown>
}): void {
  if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
  if (zodSchema._zod.def.type === 'bigint') Object.assign(jsonSchema, { type: 'integer', format: 'int64' })
}
