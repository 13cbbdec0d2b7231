/** What the compiler cannot see in a job's definition, found before anything runs, all faults at once. */
import { PARAMETER_NAME_LIMIT } from '../model/job-parameters.ts'
import type { JobDefinition } from './define-job.ts'
import { parameterKind } from './parameter-kind.ts'
import type { StepDefinition } from './step-definition.ts'

/** Spring's column. */
const NAME_LIMIT = 100

/** Empty when there is nothing to report. */
export function checkDefinition(job: JobDefinition): readonly string[] {
  return [...checkName(job), ...checkParameters(job), ...checkSteps(job), ...checkExitCodes(job)]
}

function checkName({ name }: JobDefinition): readonly string[] {
  if (name.trim() === '') return ['the job has no name']
  return name.length > NAME_LIMIT
    ? [`the name has ${name.length} characters; at most ${NAME_LIMIT} can be recorded`]
    : []
}

function checkParameters({ parameters }: JobDefinition): readonly string[] {
  const faults = Object.entries(parameters.shape).flatMap(([name, schema]) => {
    if (name.length > PARAMETER_NAME_LIMIT)
      return [`parameter ${name}: the name has more than ${PARAMETER_NAME_LIMIT} characters`]
    if (parameterKind(schema) !== undefined) return []
    return [
      `parameter ${name}: its type cannot be recorded. Use a string, enum, number, bigint, boolean, date or date-time; end a transform with .pipe(z.string()) or the like`,
    ]
  })
  const takesAnyKey =
    parameters.def.catchall !== undefined && parameters.def.catchall._zod.def.type !== 'never'
  return takesAnyKey
    ? [...faults, 'parameters: a loose object would record keys of unknown types; name every parameter']
    : faults
}

function checkSteps({ steps }: JobDefinition): readonly string[] {
  const names = Object.keys(steps)
  if (names.length === 0) return ['the job has no steps']
  return Object.entries(steps).flatMap(([name, step]) =>
    checkStep(name, step).map((fault) => `step ${name}: ${fault}`),
  )
}

function checkStep(name: string, step: StepDefinition): readonly string[] {
  const faults: string[] = []
  if (name.trim() === '') faults.push('it has no name')
  if (name.length > NAME_LIMIT)
    faults.push(`the name has ${name.length} characters; at most ${NAME_LIMIT} can be recorded`)
  if (/^\d+$/.test(name))
    faults.push(
      'JavaScript moves keys that are whole numbers to the front, so the order would not be yours; add a letter',
    )
  const { startLimit } = step.options
  if (startLimit !== undefined && !isPositiveInteger(startLimit))
    faults.push(`startLimit is ${startLimit}; it must be a whole number from 1 on`)
  if (step.kind === 'chunk') {
    const { size, concurrency } = step.options
    if (typeof size === 'number' && !isPositiveInteger(size))
      faults.push(`size is ${size}; it must be a whole number from 1 on`)
    if (concurrency !== undefined && !isPositiveInteger(concurrency))
      faults.push(`concurrency is ${concurrency}; it must be a whole number from 1 on`)
  }
  return faults
}

function checkExitCodes({ exitCodes }: JobDefinition): readonly string[] {
  return Object.entries(exitCodes)
    .filter(([, code]) => !Number.isInteger(code) || code < 10 || code > 79)
    .map(([word, code]) => `exitCodes: ${word} is ${code}; a job's own process exit codes go from 10 to 79`)
}

export function isPositiveInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
