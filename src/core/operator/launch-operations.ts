/** Launches as they are ordered from far away: what was ordered twice is done once. */
import type { JobDefinition } from '../definition/define-job.ts'
import { type ParsedParameters, parseParameterTexts } from '../definition/parse-parameters.ts'
import { BatchError, isBatchError } from '../model/batch-error.ts'
import { LAUNCH_KEY_LIMIT } from '../model/launch-key.ts'
import type { KeyedLaunch, LaunchKey, LaunchRequest, NextLaunchRequest } from '../ports/launch.ts'
import { findExecution } from './find-execution.ts'
import type { LaunchAnswer, LaunchOperations, LaunchOptions, LaunchOrder } from './launch-order.ts'
import { prepareLaunch } from './launch-request.ts'
import { termsOf } from './launch-terms.ts'
import { nextParameters } from './next-instance.ts'
import type { OperatorParts } from './operator-parts.ts'
import { runLaunched, type StartOptions } from './started-job.ts'

export function launchOperations(parts: OperatorParts): LaunchOperations {
  return {
    launch: async (order, options = {}) => {
      const job = parts.registry.find(order.jobName)
      const prepared = await prepareOrder(parts, job, order, startOptions(order, options))
      try {
        const request = withoutLaunch(prepared.request, options.onlyExisting)
        return answerOf(parts, job, prepared, await launched(parts, request, keyOf(order)))
      } catch (error) {
        if (order.onExisting !== 'return') throw error
        return existing(parts, error)
      }
    },
  }
}

interface PreparedOrder {
  readonly request: LaunchRequest | NextLaunchRequest
  /** What it was launched with. */
  readonly parsed: () => ParsedParameters
  /** Once it was launched. */
  readonly warn: (jobExecutionId: string) => void
  readonly options: StartOptions
}

/** @throws BatchError INVALID_JOB_PARAMETERS */
async function prepareOrder(
  parts: OperatorParts,
  job: JobDefinition,
  { mode = 'start', parameters }: LaunchOrder,
  options: StartOptions,
): Promise<PreparedOrder> {
  switch (mode) {
    case 'next': {
      const { next, parsed } = nextParameters(job, { texts: parameters })
      return { request: { ...termsOf(parts, job, options), next }, parsed, warn: () => {}, options }
    }
    case 'start': {
      const parsed = await parseParameterTexts(job.name, job.parameters, parameters)
      return { ...prepareLaunch(parts, job, parsed, options), parsed: () => parsed, options }
    }
    default:
      return mode satisfies never
  }
}

function startOptions(
  { trigger, runner, by, traceContext }: LaunchOrder,
  { observer }: LaunchOptions,
): StartOptions {
  return { trigger, runner, by, ...(observer && { observer }), ...(traceContext && { traceContext }) }
}

/** The refusal takes the place of a launch inside its transaction, so that nothing of that is kept. */
function withoutLaunch(
  request: LaunchRequest | NextLaunchRequest,
  refusal: Error | undefined,
): LaunchRequest | NextLaunchRequest {
  if (refusal === undefined) return request
  if ('next' in request)
    return {
      ...request,
      next: () => {
        throw refusal
      },
    }
  return {
    ...request,
    decide: (latest) => {
      const verdict = request.decide(latest)
      return verdict.action === 'refuse' ? verdict : { action: 'refuse', error: refusal }
    },
  }
}

/** @throws BatchError INVALID_CONFIGURATION */
function keyOf({ by, idempotency }: LaunchOrder): LaunchKey | undefined {
  if (idempotency === undefined) return undefined
  const { key, requestHash } = idempotency
  if (isStorable(key) && isStorable(requestHash)) return { caller: by, key, requestHash }
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `An idempotency key and its request hash have 1 to ${LAUNCH_KEY_LIMIT} characters and no NUL; the key that was given has ` +
      `${key.length}. Nothing was started.`,
    { details: { key } },
  )
}

function isStorable(text: string): boolean {
  return text.length > 0 && text.length <= LAUNCH_KEY_LIMIT && !text.includes('\u0000')
}

async function launched(
  { repository }: OperatorParts,
  request: LaunchRequest | NextLaunchRequest,
  key: LaunchKey | undefined,
): Promise<KeyedLaunch> {
  if (key !== undefined) return repository.launchOnce(request, key)
  const launching = 'next' in request ? repository.launchNext(request) : repository.launch(request)
  return { outcome: 'launched', launched: await launching }
}

function answerOf(
  parts: OperatorParts,
  job: JobDefinition,
  { parsed, warn, options }: PreparedOrder,
  answer: KeyedLaunch,
): LaunchAnswer {
  if (answer.outcome === 'replayed') return answer
  warn(answer.launched.execution.id)
  return { outcome: 'started', started: runLaunched(parts, job, parsed(), answer.launched, options) }
}

/** A refusal because it is running or complete names the execution. @throws any other */
async function existing({ repository }: OperatorParts, error: unknown): Promise<LaunchAnswer> {
  const isThere =
    isBatchError(error, 'JOB_INSTANCE_ALREADY_COMPLETE') ||
    isBatchError(error, 'JOB_EXECUTION_ALREADY_RUNNING')
  const jobExecutionId = isThere ? error.details['jobExecutionId'] : undefined
  if (typeof jobExecutionId !== 'string') throw error
  return { outcome: 'existing', execution: await findExecution(repository, jobExecutionId) }
}
