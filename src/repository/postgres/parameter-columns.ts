/** Parameters as Spring's table holds them; what it could not hold, or Spring not read, is refused. */
import { BatchError } from '../../core/model/batch-error.ts'
import { JAVA_TYPES } from '../../core/model/java-types.ts'
import {
  type JobParameter,
  type JobParameters,
  PARAMETER_NAME_LIMIT,
  PARAMETER_TEXT_LIMIT,
} from '../../core/model/job-parameters.ts'
import { characterCount } from '../../core/model/recorded-name.ts'

/** One list for each column, for `unnest`. */
export interface ParameterColumns {
  readonly names: readonly string[]
  readonly types: readonly string[]
  readonly texts: readonly string[]
  readonly identifying: readonly ('Y' | 'N')[]
}

/** @throws BatchError INVALID_JOB_PARAMETERS naming the parameter. */
export function parameterColumns(parameters: JobParameters): ParameterColumns {
  for (const parameter of parameters) checkParameter(parameter)
  return {
    names: parameters.map(({ name }) => name),
    types: parameters.map(({ type }) => type),
    texts: parameters.map(({ text }) => text),
    identifying: parameters.map(({ identifying }) => (identifying ? 'Y' : 'N')),
  }
}

function checkParameter({ name, type, text }: JobParameter): void {
  if (!(JAVA_TYPES as readonly string[]).includes(type)) {
    throw invalid(name, `has type '${type}', which Spring Batch does not know (${JAVA_TYPES.join(', ')})`)
  }
  if (characterCount(name) > PARAMETER_NAME_LIMIT) {
    throw invalid(
      name,
      `has a name of ${characterCount(name)} characters; at most ${PARAMETER_NAME_LIMIT} can be stored`,
    )
  }
  if (characterCount(text) > PARAMETER_TEXT_LIMIT) {
    throw invalid(
      name,
      `has ${characterCount(text)} characters; at most ${PARAMETER_TEXT_LIMIT} can be stored`,
    )
  }
  if (`${name}${text}`.includes('\u0000'))
    throw invalid(name, 'holds a NUL character, which Postgres cannot store')
}

function invalid(name: string, problem: string): BatchError {
  return new BatchError('INVALID_JOB_PARAMETERS', `parameter '${name}' ${problem}`, {
    details: { parameter: name },
  })
}
