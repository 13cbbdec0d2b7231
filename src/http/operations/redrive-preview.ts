/** `GET /executions/{id}/redrive/preview`: what a redrive would do. */
import { z } from '@hono/zod-openapi'
import { FAULT_PHASES, type FaultPhase } from '../../core/model/quarantined-item.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import type { RedriveOrder } from '../../pool/execution-pool.ts'
import { findExecution } from '../find-execution.ts'
import { type Operation, operation } from '../operation.ts'
import { idText } from '../schemas/execution-schemas.ts'

const count = z.int().min(0)

/** Which of the items, also of a redrive itself. */
export const REDRIVE_FILTERS: {
  readonly step: z.ZodOptional<z.ZodString>
  readonly phase: z.ZodOptional<z.ZodEnum<{ [P in FaultPhase]: P }>>
  readonly errorType: z.ZodOptional<z.ZodString>
} = {
  step: z.string().optional(),
  phase: z.enum(FAULT_PHASES).optional(),
  errorType: z.string().optional(),
}

const preview = z
  .object({
    jobExecutionId: idText,
    items: count.openapi({ description: 'So many it would take.' }),
    left: count.openapi({ description: 'So many it would leave where they are.' }),
    parts: z.array(
      z.object({
        stepName: z.string(),
        phase: z.enum(FAULT_PHASES),
        items: count,
        obstacle: z.string().nullable().openapi({ description: 'Why these are left. Null: they are taken.' }),
      }),
    ),
  })
  .openapi('RedrivePreview')

export const previewRedrive: Operation = operation({
  id: 'previewRedrive',
  method: 'get',
  path: '/api/v1/executions/{id}/redrive/preview',
  scope: 'read',
  tag: 'quarantine',
  summary: 'What a redrive of an execution would take, and why not the rest',
  description: 'Nothing is launched. What was redriven already is no part of it.',
  query: z.strictObject({
    id: z
      .union([z.string(), z.array(z.string()).max(1000)])
      .optional()
      .openapi({ description: 'Only these. May be repeated. Left out: all.' }),
    ...REDRIVE_FILTERS,
  }),
  answers: { 200: { description: 'As it would be now.', schema: preview } },
  problems: ['no-such-execution'],
  handle: async (api, { params, query: { id, ...given } }) => {
    const { id: jobExecutionId, jobParameters } = await findExecution(api, params.id)
    const ids = id === undefined ? {} : { ids: [id].flat() }
    const [plan] = await api.operator.planRedrive({
      jobExecutionId,
      ...redriveSelection({ ...given, ...ids }),
    })
    const parts = (plan?.parts ?? []).map(({ obstacle, ...part }) => {
      return { ...part, obstacle: obstacle === undefined ? null : api.masking.text(obstacle, jobParameters) }
    })
    const sum = (taken: boolean) =>
      parts.reduce((all, { items, obstacle }) => all + ((obstacle === null) === taken ? items : 0), 0)
    return { status: 200, json: { jobExecutionId, items: sum(true), left: sum(false), parts } }
  },
})

interface GivenSelection {
  readonly ids?: readonly string[] | undefined
  readonly step?: string | undefined
  readonly phase?: FaultPhase | undefined
  readonly errorType?: string | undefined
}

export function redriveSelection({ ids, step, phase, errorType }: GivenSelection): RedriveOrder['selection'] {
  return {
    ...(ids !== undefined && { ids: ids.filter(isRecordId) }),
    ...(step !== undefined && { stepName: step }),
    ...(phase !== undefined && { phase }),
    ...(errorType !== undefined && { errorType }),
  }
}
