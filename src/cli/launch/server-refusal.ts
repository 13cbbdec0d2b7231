/** What a server has refused, as the error that a run in this process would have met, and so with the same exit code. */
import { BatchError, type BatchErrorCode } from '../../core/model/batch-error.ts'
import type { ApiAnswer } from './api-client.ts'

const CODES: Readonly<Record<string, BatchErrorCode>> = {
  'no-such-job': 'NO_SUCH_JOB',
  'no-such-execution': 'NO_SUCH_JOB_EXECUTION',
  'invalid-parameters': 'INVALID_JOB_PARAMETERS',
  'idempotency-key-reused': 'IDEMPOTENCY_KEY_REUSED',
  'instance-complete': 'JOB_INSTANCE_ALREADY_COMPLETE',
  'instance-running': 'JOB_EXECUTION_ALREADY_RUNNING',
  'instance-abandoned': 'JOB_RESTART_REFUSED',
  'not-restartable': 'JOB_RESTART_REFUSED',
  'definition-changed': 'JOB_DEFINITION_CHANGED',
  'at-capacity': 'AT_CAPACITY',
  draining: 'SERVER_DRAINING',
  'process-died': 'POOL_PROCESS_DIED',
  'database-unavailable': 'REPOSITORY_UNAVAILABLE',
}

const TOKEN_HINT =
  'Set BATCHWRIGHT_TOKEN to one that the server knows, or BATCHWRIGHT_TOKEN_FILE to its file.'

type Refusal = Exclude<ApiAnswer, { readonly kind: 'answered' }>

export function serverRefusal(server: string, answer: Refusal): BatchError {
  if (answer.kind === 'unreachable')
    return new BatchError(
      'SERVER_UNREACHABLE',
      `The server ${server} gave no answer: ${answer.reason}. ` +
        (answer.arrived
          ? 'Whether it has launched is not known: ask again with the same parameters.'
          : 'Nothing was launched.'),
      { details: { server, reason: answer.reason } },
    )
  const { status, code, body } = answer
  const details = { ...detailsOf(body), server, status, problem: code }
  const hint = code === 'unauthenticated' ? ` ${TOKEN_HINT}` : ''
  return new BatchError(CODES[code] ?? codeOfStatus(status), `${textOf(body)}${hint}`, { details })
}

/** Of 4xx the caller is the cause; of all others the server, which may have mended itself when it is asked again. */
function codeOfStatus(status: number): BatchErrorCode {
  return status >= 400 && status < 500 ? 'INVALID_CONFIGURATION' : 'SERVER_UNREACHABLE'
}

function textOf({ detail, title, errors }: Readonly<Record<string, unknown>>): string {
  const text = [detail, title].find((one) => typeof one === 'string')
  const said = text ?? 'The server refuses, and does not say why.'
  if (!Array.isArray(errors)) return said
  return [said, ...errors.map((one: unknown) => `  ${faultText(one)}`)].join('\n')
}

function faultText(fault: unknown): string {
  const { pointer = '', detail = '' } = fault as { readonly pointer?: string; readonly detail?: string }
  const name = decodeURIComponent(pointer.replace(/^#\/parameters\//, ''))
  return name === '' ? detail : `${name}: ${detail}`
}

function detailsOf({ details }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : {}
}
