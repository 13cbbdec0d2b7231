/** The names of the repository's tables and sequences, quoted for SQL. */
import { escapeIdentifier, escapeLiteral } from 'pg'
import { BatchError } from '../../core/model/batch-error.ts'

/** Spring's own tables, by the name behind the prefix. */
export const SPRING_TABLES = [
  'job_instance',
  'job_execution',
  'job_execution_params',
  'job_execution_context',
  'step_execution',
  'step_execution_context',
] as const

/**
 * Ours, beside them: who runs an execution, its heartbeat, what it was defined as, the Postgres backends of its running steps, the items that
 * were skipped, the batches in which they are redriven, what was reconciled at each step's end, the partitions of steps,
 * what was asked of an execution by whom, the schedules and what became of their slots, what made an execution begin, what has
 * happened, and who is sent word of it, how far steps had come when.
 */
export const SIDE_TABLES = [
  'job_execution_owner',
  'job_execution_heartbeat',
  'job_execution_definition',
  'step_execution_backend',
  'quarantine',
  'quarantine_batch',
  'step_reconciliation',
  'step_partition',
  'step_partition_execution',
  'step_partition_worker',
  'job_execution_action',
  'schedule',
  'schedule_fire',
  'job_execution_launch',
  'event',
  'webhook_endpoint',
  'webhook_delivery',
  'step_sample',
] as const

export const MIGRATION_TABLE = 'batchwright_migration'
export const SEQUENCES = ['job_instance_seq', 'job_execution_seq', 'step_execution_seq'] as const

const DEFAULT_SCHEMA = 'public'
export const DEFAULT_PREFIX = 'batch_'

const NAME_BYTES = 63
/** The longest name we make behind a prefix: an index of the migrations. */
const LONGEST_SUFFIX = 'step_execution_backend_by_execution'.length

/** Quotes and dots are letters to Postgres, but TypeORM takes them for its own punctuation. */
const MISREAD = ['"', "'", '.', '\u0000']

export interface TableNames {
  readonly schema: string
  readonly prefix: string
  readonly jobInstance: string
  readonly jobExecution: string
  readonly params: string
  readonly jobContext: string
  readonly stepExecution: string
  readonly stepContext: string
  readonly owner: string
  readonly heartbeat: string
  readonly definition: string
  readonly backend: string
  readonly quarantine: string
  readonly quarantineBatch: string
  readonly reconciliation: string
  readonly partition: string
  readonly partitionExecution: string
  readonly partitionWorker: string
  readonly action: string
  readonly schedule: string
  readonly fire: string
  readonly launch: string
  readonly event: string
  readonly webhookEndpoint: string
  readonly webhookDelivery: string
  readonly sample: string
  readonly migration: string
  /** As literals, for `nextval`. */
  readonly jobInstanceSeq: string
  readonly jobExecutionSeq: string
  readonly stepExecutionSeq: string
}

/**
 * The schema is taken as it is written; the prefix in lower case, because Spring never quotes it and Postgres folds it.
 * @throws BatchError INVALID_CONFIGURATION when a name would be cut by Postgres.
 */
export function tableNames(
  schema: string = DEFAULT_SCHEMA,
  tablePrefix: string = DEFAULT_PREFIX,
): TableNames {
  const prefix = tablePrefix.toLowerCase()
  checkName('schema', schema, 0)
  checkName('tablePrefix', prefix, LONGEST_SUFFIX)
  const table = (name: string): string => `${escapeIdentifier(schema)}.${escapeIdentifier(prefix + name)}`
  return {
    schema,
    prefix,
    jobInstance: table('job_instance'),
    jobExecution: table('job_execution'),
    params: table('job_execution_params'),
    jobContext: table('job_execution_context'),
    stepExecution: table('step_execution'),
    stepContext: table('step_execution_context'),
    owner: table('job_execution_owner'),
    heartbeat: table('job_execution_heartbeat'),
    definition: table('job_execution_definition'),
    backend: table('step_execution_backend'),
    quarantine: table('quarantine'),
    quarantineBatch: table('quarantine_batch'),
    reconciliation: table('step_reconciliation'),
    partition: table('step_partition'),
    partitionExecution: table('step_partition_execution'),
    partitionWorker: table('step_partition_worker'),
    action: table('job_execution_action'),
    schedule: table('schedule'),
    fire: table('schedule_fire'),
    launch: table('job_execution_launch'),
    event: table('event'),
    webhookEndpoint: table('webhook_endpoint'),
    webhookDelivery: table('webhook_delivery'),
    sample: table('step_sample'),
    migration: table(MIGRATION_TABLE),
    jobInstanceSeq: escapeLiteral(table('job_instance_seq')),
    jobExecutionSeq: escapeLiteral(table('job_execution_seq')),
    stepExecutionSeq: escapeLiteral(table('step_execution_seq')),
  }
}

function checkName(option: string, name: string, rest: number): void {
  const limit = NAME_BYTES - rest
  const fits = Buffer.byteLength(name) <= limit && (name !== '' || rest > 0)
  if (fits && !MISREAD.some((one) => name.includes(one))) return
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `the job repository's ${option} ${JSON.stringify(name)} must have at most ${limit} bytes, since Postgres cuts ` +
      'longer names, and no quotes or dots',
    { details: { [option]: name } },
  )
}
