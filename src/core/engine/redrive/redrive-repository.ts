/** The job repository as a redrive sees it: what a chunk has dealt with is marked in its transaction. */
import { READER_CHECKPOINT_KEY } from '../../model/execution-context.ts'
import type { QuarantinedItem } from '../../model/quarantined-item.ts'
import type { JobRepository } from '../../ports/job-repository.ts'
import type { StepProgress, StepSession } from '../../ports/step-session.ts'
import { ENTRY_KEY, QUARANTINE_READER_KIND } from './quarantine-reader.ts'

export function redriveRepository(repository: JobRepository, batchId: string): JobRepository {
  return {
    ...repository,
    beginStep: async (claim, begin) => redriveSession(await repository.beginStep(claim, begin), batchId),
  }
}

function redriveSession(session: StepSession, batchId: string): StepSession {
  return {
    stepExecution: session.stepExecution,
    commit: (chunk) => session.commit({ ...chunk, progress: () => marked(chunk.progress(), batchId) }),
    end: (end) => session.end(end),
    close: () => session.close(),
  }
}

/** The checkpoint never passes an undecided item, so whatever is before it has been dealt with. */
function marked(progress: StepProgress, batchId: string): StepProgress {
  const { kind, at } = (progress.executionContext[READER_CHECKPOINT_KEY] ?? {}) as {
    kind?: unknown
    at?: unknown
  }
  const quarantined = progress.quarantined?.map(knownAgain)
  return {
    ...progress,
    ...(quarantined !== undefined && { quarantined }),
    ...(kind === QUARANTINE_READER_KIND && { redriven: { batchId, upTo: String(at) } }),
  }
}

function knownAgain(item: QuarantinedItem): QuarantinedItem {
  const { [ENTRY_KEY]: former, ...position } = item.position
  return former === undefined ? item : { ...item, position, former: String(former) }
}
