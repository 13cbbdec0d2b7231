/** Recorded parameters through the job's schema again: for a restart, and as what the next instance begins with. */
import { z } from 'zod'
import { isFrameworkParameter } from '../model/framework-parameters.ts'
import type { JobParameter, JobParameters } from '../model/job-parameters.ts'
import { unwrapOnce } from './parameter-kind.ts'
import {
  convertTexts,
  innermost,
  type ParsedParameters,
  parseParameters,
  type Texts,
  type Values,
} from './parse-parameters.ts'

/** Given in place of what was recorded: as from a command line, or as values, of which `undefined` takes one away. */
export type ParameterChanges = { readonly texts: Texts } | { readonly values: Values }

const NO_CHANGES: ParameterChanges = { texts: {} }

/**
 * The values of what was recorded, with changes. A recorded parameter that the schema no longer has is left out: whether that
 * names another instance, the job key tells. Those of the framework are kept.
 * @throws BatchError INVALID_JOB_PARAMETERS also where the schema has changed and no longer takes what was recorded.
 */
export async function parseRecordedParameters(
  jobName: string,
  schema: z.ZodObject,
  recorded: JobParameters,
  changes: ParameterChanges = NO_CHANGES,
): Promise<ParsedParameters> {
  const changed = 'texts' in changes ? changes.texts : changes.values
  const kept = recorded.filter(
    ({ name }) => Object.hasOwn(schema.shape, name) && !Object.hasOwn(changed, name),
  )
  const takesRecorded = z.object({
    ...schema.shape,
    ...Object.fromEntries(kept.map(({ name }) => [name, outputSide(schema.shape[name] as z.core.$ZodType)])),
  })
  const texts = kept.map((one) => [one.name, textForSchema(takesRecorded.shape[one.name], one)])
  const given = 'texts' in changes ? convertTexts(jobName, schema, changes.texts) : present(changes.values)
  const parsed = await parseParameters(jobName, takesRecorded, {
    ...convertTexts(jobName, takesRecorded, Object.fromEntries(texts) as Texts),
    ...given,
  })
  const ofFramework = recorded.filter(
    ({ name }) => isFrameworkParameter(name) && !Object.hasOwn(schema.shape, name),
  )
  return { values: parsed.values, recorded: [...parsed.recorded, ...ofFramework] }
}

function present(values: Values): Values {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

/** What was recorded has been through a transform already: only what stands behind it is asked again. */
function outputSide(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = unwrapOnce(schema)
  if (inner !== undefined && behindPipe(inner)) return outputSide(inner)
  const def = (schema as z.core.$ZodTypes)._zod.def
  return def.type === 'pipe' ? outputSide(def.out) : schema
}

function behindPipe(schema: z.core.$ZodType): boolean {
  const inner = unwrapOnce(schema)
  return inner === undefined ? (schema as z.core.$ZodTypes)._zod.def.type === 'pipe' : behindPipe(inner)
}

/** A date-time is recorded without a zone, in UTC; most schemas ask for the zone. */
function textForSchema(schema: z.core.$ZodType | undefined, { type, text }: JobParameter): string {
  if (type !== 'java.time.LocalDateTime' || /(Z|[+-]\d\d:?\d\d)$/.test(text)) return text
  const takesLocal =
    schema !== undefined && (innermost(schema)._zod.def as { local?: boolean }).local === true
  return takesLocal ? text : `${text}Z`
}
