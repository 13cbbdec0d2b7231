/** Skipped items: of one execution, or of all. */
import { z } from '@hono/zod-openapi'
import { FAULT_PHASES, type QuarantineEntry } from '../../core/model/quarantined-item.ts'
import { entryJson } from '../../json/quarantine-json.ts'
import type { Api } from '../api.ts'
import { decodeCursor, encodeCursor, pageOf } from '../cursor.ts'
import { findExecution } from '../find-execution.ts'
import type { Answer } from '../answer.ts'
import { type Operation, operation } from '../operation.ts'
import { Problem } from '../problem.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { idText } from '../schemas/execution-schemas.ts'
import { pageQuery } from '../schemas/page-query.ts'
import { NO_QUERY } from '../schemas/nothing.ts'

const filters = {
  step: z.string().optional(),
  phase: z.enum(FAULT_PHASES).optional(),
  errorType: z.string().optional(),
  which: z
    .enum(['open', 'all'])
    .default('open')
    .openapi({ description: '`open`: those that no redrive has dealt with.' }),
  ...pageQuery,
}

const entry = z
  .object({
    quarantineId: idText,
    jobName: z.string(),
    jobInstanceId: idText,
    jobExecutionId: idText,
    stepName: z.string(),
    stepExecutionId: idText,
    quarantinedAt: z.iso.datetime(),
    phase: z.enum(FAULT_PHASES),
    payload: z.object({
      kind: z.enum(['item', 'raw', 'cut']),
      value: z.unknown().optional().openapi({ description: 'Of an item.' }),
      text: z.string().optional(),
      reason: z.string().optional().openapi({ description: 'Why it was not kept whole.' }),
    }),
    position: z.record(z.string(), z.union([z.string(), z.number()])),
    error: z.object({ type: z.string(), message: z.string() }),
    former: idText.nullable(),
    redrive: z
      .object({
        batchId: idText,
        state: z.enum(['held', 'given-back', 'done']),
        jobExecutionId: idText.nullable(),
        at: z.iso.datetime().nullable(),
        again: idText.nullable(),
      })
      .nullable(),
  })
  .openapi('QuarantinedItem')

const page = z.object({ items: z.array(entry), nextCursor: z.string().nullable() })
const filterSchema = z.object(filters)
type Filters = Omit<z.output<typeof filterSchema>, 'limit' | 'cursor'> & {
  readonly job?: string | undefined
  readonly execution?: string | undefined
}

export const listQuarantine: Operation = operation({
  id: 'listQuarantine',
  method: 'get',
  path: '/api/v1/quarantine',
  scope: 'read',
  tag: 'quarantine',
  summary: 'Skipped items, newest first',
  query: z.strictObject({ job: z.string().optional(), execution: z.string().optional(), ...filters }),
  answers: { 200: { description: 'A page of them.', schema: page } },
  problems: [],
  handle: (api, { query: { limit, cursor, ...filter } }) =>
    listAnswer(api, 'quarantine', filter, { limit, cursor }),
})

export const listExecutionQuarantine: Operation = operation({
  id: 'listExecutionQuarantine',
  method: 'get',
  path: '/api/v1/executions/{id}/quarantine',
  scope: 'read',
  tag: 'quarantine',
  summary: 'Items that an execution has skipped, newest first',
  query: z.strictObject(filters),
  answers: { 200: { description: 'A page of them.', schema: page } },
  problems: ['no-such-execution'],
  handle: async (api, { params, query: { limit, cursor, ...filter } }) => {
    const { id } = await findExecution(api, params.id)
    return listAnswer(api, `quarantine ${id}`, { ...filter, execution: id }, { limit, cursor })
  },
})

async function listAnswer(
  api: Api,
  list: string,
  filter: Filters,
  { limit, cursor }: { readonly limit: number; readonly cursor: string | undefined },
): Promise<Answer> {
  const before = decodeCursor(list, filter, cursor)
  const { job, execution, step, phase, errorType, which } = filter
  if (execution !== undefined && !isRecordId(execution))
    return { status: 200, json: { items: [], nextCursor: null } }
  const rows = await api.operator.listQuarantine({
    which,
    limit: limit + 1,
    ...(job !== undefined && { jobName: job }),
    ...(execution !== undefined && { jobExecutionId: execution }),
    ...(step !== undefined && { stepName: step }),
    ...(phase !== undefined && { phase }),
    ...(errorType !== undefined && { errorType }),
    ...(before !== undefined && { before }),
  })
  const { items, nextCursor } = pageOf(rows, limit, ({ id }) => encodeCursor(list, filter, id))
  return { status: 200, json: { items: items.map((one) => shownEntry(api, one)), nextCursor } }
}

export const getQuarantined: Operation = operation({
  id: 'getQuarantinedItem',
  method: 'get',
  path: '/api/v1/quarantine/{id}',
  scope: 'read',
  tag: 'quarantine',
  summary: 'A skipped item: what it was, and why',
  query: NO_QUERY,
  answers: { 200: { description: 'The item.', schema: entry } },
  problems: ['no-such-quarantined-item'],
  handle: async (api, { params: { id } }) => {
    if (!isRecordId(id)) throw new Problem('no-such-quarantined-item', `The quarantine has no item ${id}.`)
    return { status: 200, json: shownEntry(api, await api.operator.findQuarantined(id)) }
  },
})

function shownEntry({ masking }: Api, one: QuarantineEntry): Readonly<Record<string, unknown>> {
  return masking.mask(entryJson(one))
}
