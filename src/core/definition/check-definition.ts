/** What the compiler cannot see in a job's definition, found before anything runs, all faults at once. */
import { RESERVED_PREFIXES } from '../model/execution-context.ts'
import { isFrameworkParameter } from '../model/framework-parameters.ts'
import { PARAMETER_NAME_LIMIT } from '../model/job-parameters.ts'
import { characterCount, NAME_LIMIT } from '../model/recorded-name.ts'
import { checkRetryPolicy, checkSkipPolicy } from './check-fault-policy.ts'
import { checkFlow } from './check-flow.ts'
import type { JobDefinition } from './define-job.ts'
import { parameterKind } from './parameter-kind.ts'
import {
  type ChunkStepDefinition,
  type PartitionedStepDefinition,
  promotedKeys,
  type PromotedKeys,
  type StepDefinition,
} from './step-definition.ts'

/** Empty when there is nothing to report. */
export function checkDefinition(job: JobDefinition): readonly string[] {
  const faults = [...checkName(job), ...checkParameters(job), ...checkSteps(job), ...checkExitCodes(job)]
  return Object.keys(job.steps).length === 0 ? faults : [...faults, ...checkFlow(job)]
}

function checkName({ name }: JobDefinition): readonly string[] {
  if (name.trim() === '') return ['the job has no name']
  return checkLength(name)
}

function checkLength(name: string): readonly string[] {
  const length = characterCount(name)
  return length > NAME_LIMIT
    ? [`the name has ${length} characters; at most ${NAME_LIMIT} can be recorded`]
    : []
}

function checkParameters({ parameters }: JobDefinition): readonly string[] {
  const faults = Object.entries(parameters.shape).flatMap(([name, schema]) => {
    if (isFrameworkParameter(name))
      return [`parameter ${name}: the name belongs to the framework; choose another`]
    if (characterCount(name) > PARAMETER_NAME_LIMIT)
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
  faults.push(...checkLength(name))
  if (/^\d+$/.test(name))
    faults.push(
      'JavaScript moves keys that are whole numbers to the front, so the order would not be yours; add a letter',
    )
  const { startLimit } = step.options
  if (startLimit !== undefined && !isPositiveInteger(startLimit))
    faults.push(`startLimit is ${startLimit}; it must be a whole number from 1 on`)
  faults.push(...checkPromoted(step.options.promote))
  if (step.kind === 'chunk') faults.push(...checkChunkOptions(step))
  if (step.kind === 'partitioned') faults.push(...checkPartitioned(step), ...checkChunkOptions(step.chunk))
  return faults
}

function checkChunkOptions({ options, bytesOf }: ChunkStepDefinition): readonly string[] {
  const { size, concurrency, maxBytes, maxMilliseconds } = options
  const faults = Object.entries({ size, concurrency, maxBytes, maxMilliseconds })
    .filter(([, value]) => typeof value === 'number' && !isPositiveInteger(value))
    .map(([name, value]) => `${name} is ${String(value)}; it must be a whole number from 1 on`)
  faults.push(...checkRetryPolicy(options.retry), ...checkSkipPolicy(options.skip))
  return bytesOf !== undefined && maxBytes === undefined
    ? [...faults, 'bytesOf measures for maxBytes, which is not set']
    : faults
}

function checkPartitioned({ options, chunk }: PartitionedStepDefinition): readonly string[] {
  const { concurrency, processes } = options
  const faults: string[] = []
  if (!isPositiveInteger(concurrency))
    faults.push(`concurrency is ${concurrency}; it must be a whole number from 1 on`)
  if (!Number.isSafeInteger(processes) || processes < 0)
    faults.push(`processes is ${processes}; it must be a whole number from 0 on`)
  if (concurrency < processes)
    faults.push(`concurrency is ${concurrency} for ${processes} processes, each of which needs 1`)
  if (chunk.reader.length === 0)
    faults.push(
      'its reader takes no scope, so that every partition would read the same; use ({ partition }) => …',
    )
  return faults
}

function checkPromoted(promote: PromotedKeys | undefined): readonly string[] {
  return promotedKeys(promote)
    .keys.filter((key) => key.trim() === '' || RESERVED_PREFIXES.some((prefix) => key.startsWith(prefix)))
    .map((key) => `promote: '${key}' is no key that a callback can set`)
}

function checkExitCodes({ exitCodes }: JobDefinition): readonly string[] {
  return Object.entries(exitCodes)
    .filter(([, code]) => !Number.isInteger(code) || code < 10 || code > 79)
    .map(([word, code]) => `exitCodes: ${word} is ${code}; a job's own process exit codes go from 10 to 79`)
}

export function isPositiveInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}
