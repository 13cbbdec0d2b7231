/** One request through its operation: who asks, what for, and the answer. */
import { isBatchError } from '../core/model/batch-error.ts'
import { jsonLine } from '../json/json-line.ts'
import { findExecution } from '../core/operator/find-execution.ts'
import type { Api } from './api.ts'
import { authenticate, callerIfKnown, type Door, guardRequest } from './auth/authenticate.ts'
import { batchErrorProblem, unexpected } from './batch-error-problem.ts'
import { executionPath, shownExecution } from './execution-view.ts'
import type { Answer } from './answer.ts'
import type { Masking } from './masking.ts'
import type { Call, Operation } from './operation.ts'
import { Problem, problemResponse } from './problem.ts'
import { readBody, readQuery } from './read-call.ts'

export interface Serving {
  readonly api: Api
  readonly door: Door
  readonly maxBodyBytes: number
}

export async function serveOperation(
  { api, door, maxBodyBytes }: Serving,
  operation: Operation,
  request: Request,
  { params, requestId }: { readonly params: Readonly<Record<string, string>>; readonly requestId: string },
): Promise<Response> {
  guardRequest(door, request)
  const { scope } = operation
  const caller = scope === null ? callerIfKnown(door, request) : authenticate(door, request, scope)
  const query = readQuery(operation, new URL(request.url))
  const body = await readBody(operation, request, maxBodyBytes)
  const answer = await operation.handle(api, { params, query, body, caller, request, requestId })
  if (operation.method !== 'get') tellOfChange(api, operation, { caller, request, requestId, answer })
  return responseOf(answer)
}

/** Not everything that a request can change leaves its caller in the record: a purge, a schedule that is resumed. */
function tellOfChange(
  { logger }: Api,
  { id: operation, summary }: Operation,
  { caller, request, requestId, answer }: Pick<Call, 'caller' | 'request' | 'requestId'> & { answer: Answer },
): void {
  const { pathname: path } = new URL(request.url)
  logger.info(
    { operation, caller: caller.name, path, status: answer.status, requestId },
    `${caller.name}: ${summary}`,
  )
}

function responseOf({ status, json, body = null, headers = {} }: Answer): Response {
  return json === undefined
    ? new Response(body, { status, headers })
    : new Response(jsonLine(json), { status, headers: { 'Content-Type': 'application/json', ...headers } })
}

/** Whatever was thrown, as an answer: what nobody has foreseen is logged, and not told. */
export async function problemAnswer(
  api: Api,
  error: unknown,
  { requestId, path }: { readonly requestId: string; readonly path: string },
): Promise<Response> {
  const problem = await problemOf(api, error)
  const { code, cause } = problem
  if (code === 'unexpected')
    api.logger.error({ err: cause, requestId, path }, 'a request met an unexpected error')
  if (code === 'database-unavailable')
    api.logger.warn({ err: cause, requestId, path }, 'the repository is away')
  const facts = { requestId, ...problem.facts }
  return problemResponse(new Problem(code, problem.message, { facts, headers: problem.headers }), path)
}

async function problemOf(api: Api, error: unknown): Promise<Problem> {
  if (error instanceof Problem) return masked(api, error)
  if (!isBatchError(error)) return unexpected(error)
  const problem = batchErrorProblem(error)
  const { jobExecutionId } = error.details
  const isRefusal = 'details' in problem.facts && typeof jobExecutionId === 'string'
  return isRefusal ? withExecution(api, problem, jobExecutionId) : masked(api, problem)
}

/** The refusal names an execution: it is shown, and its hidden parameters are taken out of the message. */
async function withExecution(api: Api, problem: Problem, jobExecutionId: string): Promise<Problem> {
  try {
    const execution = await findExecution(api.repository, jobExecutionId)
    const text = api.masking.text(problem.message, execution.jobParameters)
    return new Problem(problem.code, text, {
      facts: { ...maskedFacts(api, problem), execution: shownExecution(api, execution) },
      headers: { ...problem.headers, Location: executionPath(jobExecutionId) },
      cause: problem.cause,
    })
  } catch (error) {
    return isBatchError(error) ? batchErrorProblem(error) : unexpected(error)
  }
}

function masked(api: Api, problem: Problem): Problem {
  const { code, message, headers, cause } = problem
  return new Problem(code, api.masking.text(message), { facts: maskedFacts(api, problem), headers, cause })
}

function maskedFacts({ masking }: Api, { facts }: Problem): Readonly<Record<string, unknown>> {
  const { details, errors, ...others } = facts
  return {
    ...others,
    ...(Array.isArray(errors) && { errors: errors.map((one: RequestFault) => maskedFault(masking, one)) }),
    ...(details !== undefined && { details: masking.mask(details) }),
  }
}

interface RequestFault {
  readonly pointer?: string
  readonly detail: string
}

/** `#/parameters/apiKey` */
function maskedFault(masking: Masking, fault: RequestFault): RequestFault {
  const [, name] = /^#\/parameters\/(.+)$/.exec(fault.pointer ?? '') ?? []
  return name === undefined
    ? fault
    : { ...fault, detail: masking.fault(decodeURIComponent(name), fault.detail) }
}
