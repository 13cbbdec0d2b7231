/** Runs work within its span, and ends that whatever happens. */
import type { ExitStatus } from '../model/exit-status.ts'
import type { BatchStatus } from '../model/batch-status.ts'
import type { Span } from '../ports/tracing.ts'
import { spanError } from './span-error.ts'

/** How what the span stands for has ended, although the work did not throw. */
export interface SpanEnding {
  readonly status: BatchStatus
  readonly exitStatus: ExitStatus
  /** Undefined where it was not a failure. */
  readonly error: unknown
}

/** The work alone where nobody traces. */
export async function inSpan<R>(
  span: Span | undefined,
  work: () => Promise<R>,
  endingOf: (result: R) => SpanEnding,
): Promise<R> {
  if (span === undefined) return work()
  try {
    const result = await span.within(work)
    const { status, exitStatus, error } = endingOf(result)
    span.set({ 'batch.status': status, 'batch.exit.code': exitStatus.exitCode })
    if (error !== undefined && status !== 'STOPPED') span.failed(spanError(error))
    return result
  } catch (error) {
    span.failed(spanError(error))
    throw error
  } finally {
    span.end()
  }
}
