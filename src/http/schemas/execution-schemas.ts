/** How executions look in answers. */
import { z } from '@hono/zod-openapi'
import { BATCH_STATUSES } from '../../core/model/batch-status.ts'
import { RUNNERS, TRIGGER_TYPES } from '../../core/model/launch-facts.ts'
import { OPERATOR_ACTIONS } from '../../core/model/operator-action.ts'
import { FAULT_PHASES } from '../../core/model/quarantined-item.ts'

const instant = z.iso.datetime()
const count = z.int().min(0)

export const idText: z.ZodString = z.string().openapi({ example: '42' })
export const jobStatus: z.ZodType = z.enum(BATCH_STATUSES).openapi('BatchStatus')
/** `nullable()` of what has a name in the document would say there that it must be both, a status and null. */
export const jobStatusOrNull: z.ZodType = z.union([jobStatus, z.null()])

const exitStatus = z.object({
  exitCode: z.string().openapi({ example: 'COMPLETED' }),
  exitDescription: z.string(),
})

const ending = {
  status: jobStatus,
  exitStatus,
  createTime: instant,
  startTime: instant.nullable(),
  endTime: instant.nullable(),
  lastUpdated: instant.nullable(),
}

const owner = z.object({
  host: z.string(),
  pid: z.int(),
  since: instant,
  heartbeatAt: instant,
  leaseExpiresAt: instant,
})

const links = z.record(z.string(), z.string()).openapi({ description: 'Paths that belong to it.' })

const execution = z.object({
  jobExecutionId: idText,
  jobInstanceId: idText,
  jobName: z.string(),
  jobParameters: z
    .record(z.string(), z.object({ type: z.string(), value: z.string(), identifying: z.boolean() }))
    .openapi({ description: 'As they were recorded. What is not to be read is `***`.' }),
  ...ending,
  launch: z
    .object({
      trigger: z.object({ type: z.enum(TRIGGER_TYPES), name: z.string().nullable() }),
      runner: z.enum(RUNNERS).openapi({ description: 'In what kind of process it runs.' }),
    })
    .nullable()
    .openapi({ description: 'What made it begin. Null for one of Spring Batch.' }),
  owner: owner.nullable().openapi({ description: 'Who runs it, or ran it. Null for one of Spring Batch.' }),
  links,
})

export const executionSchema: z.ZodType = execution.openapi('JobExecution')

export const executionsSchema: z.ZodType = z
  .object({ items: z.array(executionSchema), nextCursor: z.string().nullable() })
  .openapi('JobExecutions')

const counts = {
  readCount: count,
  writeCount: count,
  filterCount: count,
  commitCount: count,
  rollbackCount: count,
  readSkipCount: count,
  processSkipCount: count,
  writeSkipCount: count,
}

const totals = z.object({
  readCount: count,
  writeCount: count,
  filterCount: count,
  readSkipCount: count,
  processSkipCount: count,
  writeSkipCount: count,
})

export const stepSchema: z.ZodType = z
  .object({
    stepExecutionId: idText,
    jobExecutionId: idText,
    stepName: z.string(),
    ...ending,
    ...counts,
    reconciliation: z.object({ totals, isBalanced: z.boolean() }).nullable(),
    partition: z
      .object({
        stepName: z.string(),
        name: z.string(),
        worker: z.object({ host: z.string(), pid: z.int() }).nullable(),
        itemsPerSecond: z.number(),
        silentMilliseconds: z.number().nullable(),
      })
      .optional()
      .openapi({ description: 'Of a partition: which it is.' }),
  })
  .openapi('StepExecution')

const action = z.object({
  allowed: z.boolean(),
  reason: z.string().nullable().openapi({ description: 'Why not.' }),
})

const redriveBatch = z.object({
  id: idText,
  originJobExecutionId: idText,
  createdAt: instant,
  redriveJobInstanceId: idText.nullable(),
  jobExecutionId: idText.nullable(),
  status: jobStatusOrNull,
  steps: z.array(z.object({ stepName: z.string(), items: count, done: count })),
})

const executionQuarantineSchema = z
  .object({
    items: z.array(
      z.object({
        jobName: z.string(),
        jobInstanceId: idText,
        jobExecutionId: idText,
        stepName: z.string(),
        phase: z.enum(FAULT_PHASES),
        state: z.enum(['due', 'cut', 'held', 'done']),
        heldBy: idText.nullable(),
        items: count,
      }),
    ),
    redrives: z.array(redriveBatch),
    redriveOf: redriveBatch.nullable(),
  })
  .openapi('ExecutionQuarantine')

export const executionDetailsSchema: z.ZodType = execution
  .extend({
    owner: owner
      .extend({ leaseExpired: z.boolean(), heartbeatAgeSeconds: z.int().min(0) })
      .nullable()
      .openapi({ description: 'Who runs it, or ran it. Null for one of Spring Batch.' }),
    restartOf: idText
      .nullable()
      .openapi({ description: 'The execution before it, of the same instance, which it continues.' }),
    stepExecutions: z.array(stepSchema),
    partitions: z.array(
      z.object({
        stepName: z.string(),
        planned: count,
        open: count,
        executions: z.record(z.string(), count),
      }),
    ),
    quarantine: executionQuarantineSchema,
    operatorActions: z.array(z.object({ action: z.enum(OPERATOR_ACTIONS), at: instant, by: z.string() })),
    actions: z
      .object({
        restart: action,
        stop: action,
        abandon: action,
        recover: action.extend({ withForce: z.boolean() }),
      })
      .openapi({ description: 'What may be done with it as it stands.' }),
  })
  .openapi('JobExecutionDetails')

export const launchedSchema: z.ZodType = execution
  .extend({
    restartOf: idText.nullable().openapi({ description: 'The execution that it continues.' }),
    recovered: idText.nullable().openapi({ description: 'The execution that was found dead, and closed.' }),
    leftBehind: idText
      .nullable()
      .openapi({ description: 'Of mode next: the execution before, where that has not completed.' }),
  })
  .openapi('LaunchedExecution')

export const outcomeSchema: z.ZodType = z
  .object({
    jobExecutionId: idText,
    jobName: z.string(),
    status: jobStatus,
    exitCode: z.string(),
    exitMessage: z.string(),
    processExitCode: z.int().openapi({ description: 'What `batchwright watch` would end with.' }),
    endTime: instant.nullable(),
  })
  .openapi('Outcome')
