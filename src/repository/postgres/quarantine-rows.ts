/** Rows of the quarantine: written by a chunk's metadata statement, and read back. */
import { cutText } from '../../core/model/error-description.ts'
import { EXIT_DESCRIPTION_LIMIT } from '../../core/model/exit-status.ts'
import { decodeItem, encodeItem } from '../../core/model/item-json.ts'
import type {
  EntryRedrive,
  FaultPhase,
  QuarantinedItem,
  QuarantinedPayload,
  QuarantineEntry,
} from '../../core/model/quarantined-item.ts'
import type { StepProgress } from '../../core/ports/step-session.ts'
import type { TableNames } from './table-names.ts'

const ERROR_TYPE_LIMIT = 200

/**
 * CTEs behind `step`, whose job and step execution are $1 and $3: the items that the chunk skips, in their order, and the
 * entries of its redrive that it has dealt with.
 */
export function quarantineSql(tables: TableNames, first: number): string {
  const [phases, kinds, payloads, reasons, positions, types, messages, formers, batch, upTo] = Array.from(
    { length: 10 },
    (_, index) => `$${first + index}`,
  )
  return `quarantined as (
      insert into ${tables.quarantine} (job_execution_id, step_execution_id, job_name, step_name, phase, payload_kind,
        payload, cut_reason, position, error_type, error_message, former_id, quarantined_at)
        select $1, $3, i.job_name, step.step_name, q.phase, q.kind, q.payload::json, q.reason, q.position::json, q.type,
            q.message, q.former, clock_timestamp()
          from step
          join ${tables.jobExecution} e on e.job_execution_id = $1
          join ${tables.jobInstance} i on i.job_instance_id = e.job_instance_id
          cross join unnest(${phases}::text[], ${kinds}::text[], ${payloads}::text[], ${reasons}::text[], ${positions}::text[],
            ${types}::text[], ${messages}::text[], ${formers}::bigint[]) with ordinality
            q (phase, kind, payload, reason, position, type, message, former, place)
          order by q.place
    ), redriven as (
      update ${tables.quarantine} q set redriven_at = clock_timestamp(), redriven_by = $1
        from step
        where q.quarantine_batch_id = ${batch}::bigint and q.step_name = step.step_name
          and q.quarantine_id <= ${upTo}::bigint and q.redriven_at is null
    )`
}

export function quarantineValues({ quarantined = [], redriven }: StepProgress): readonly unknown[] {
  return [
    quarantined.map(({ phase }) => phase),
    quarantined.map(({ payload }) => payload.kind),
    quarantined.map(({ payload }) => payloadJson(payload)),
    quarantined.map(({ payload }) =>
      payload.kind === 'cut' ? cutText(payload.reason, EXIT_DESCRIPTION_LIMIT) : null,
    ),
    quarantined.map(({ position }) => encodeItem(position)),
    quarantined.map(({ error }) => cutText(error.type, ERROR_TYPE_LIMIT)),
    quarantined.map(({ error }) => cutText(error.message, EXIT_DESCRIPTION_LIMIT)),
    quarantined.map(({ former }) => former ?? null),
    redriven?.batchId ?? null,
    redriven?.upTo ?? null,
  ]
}

/** A record's text is a JSON string, so that any character can stand in it. */
function payloadJson(payload: QuarantinedPayload): string {
  return payload.kind === 'item' ? payload.json : encodeItem(payload.text)
}

/** The columns of {@link EntryRow}, from `q` as `entriesSql` names it. */
export interface EntryRow {
  readonly id: string
  readonly jobName: string
  readonly jobInstanceId: string
  readonly jobExecutionId: string
  readonly stepName: string
  readonly stepExecutionId: string
  readonly phase: FaultPhase
  readonly kind: QuarantinedPayload['kind']
  readonly payload: string
  readonly reason: string | null
  readonly position: string
  readonly errorType: string
  readonly errorMessage: string
  readonly quarantinedAt: Date
  readonly former: string | null
  readonly batchId: string | null
  readonly redrivenAt: Date | null
  readonly redrivenBy: string | null
  readonly heldBy: string | null
  readonly isHeld: boolean
  readonly again: string | null
}

export function decodeEntry(row: EntryRow): QuarantineEntry {
  const {
    id,
    jobName,
    jobInstanceId,
    jobExecutionId,
    stepName,
    stepExecutionId,
    phase,
    quarantinedAt,
    former,
  } = row
  return {
    id,
    jobName,
    jobInstanceId,
    jobExecutionId,
    stepName,
    stepExecutionId,
    phase,
    payload: decodePayload(row),
    position: decodeItem(row.position) as QuarantinedItem['position'],
    error: { type: row.errorType, message: row.errorMessage },
    quarantinedAt,
    former,
    redrive: decodeRedrive(row),
  }
}

function decodePayload({ kind, payload, reason }: EntryRow): QuarantinedPayload {
  if (kind === 'item') return { kind, json: payload }
  const text = decodeItem(payload) as string
  return kind === 'raw' ? { kind, text } : { kind, text, reason: reason ?? '' }
}

function decodeRedrive(row: EntryRow): EntryRedrive | null {
  const { batchId, redrivenAt, redrivenBy, heldBy, isHeld, again } = row
  if (batchId === null) return null
  if (redrivenAt !== null)
    return { batchId, state: 'done', jobExecutionId: redrivenBy, at: redrivenAt, again }
  return { batchId, state: isHeld ? 'held' : 'given-back', jobExecutionId: heldBy, at: null, again: null }
}
