/** The plan of a partitioned step: made once per instance, then only read. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { type ExecutionContext, PARTITION_PLAN_KEY } from '../../model/execution-context.ts'
import type { JsonValue } from '../../model/json-value.ts'
import { type Partition, type Partitions, partitionStepName } from '../../model/partition.ts'
import { characterCount, NAME_LIMIT } from '../../model/recorded-name.ts'
import type { PartitionStore } from '../../ports/partition-store.ts'
import { estimateBytes } from '../chunk/item-bytes.ts'
import { heedStopRequest } from '../run-control.ts'
import type { StepRun } from '../step-run.ts'
import { storableCopy } from '../storable-value.ts'

/**
 * The id of the stored plan. The first execution of the step makes it and stores it in the transaction that commits its id in
 * the step's context, so that a plan is whole or not there.
 */
export async function planOf(
  run: StepRun,
  store: PartitionStore,
  definition: PartitionedStepDefinition,
): Promise<string> {
  const stored = run.ledger.context()[PARTITION_PLAN_KEY] as { readonly plan: string } | undefined
  if (stored !== undefined) return stored.plan
  const partitions = await makePlan(run, definition)
  if (partitions.length === 0)
    run.scope.logger.warn(`step ${run.stepName} has no partitions: it is complete, and stays so in a restart`)
  const plan = run.session.stepExecution.id
  const step: ExecutionContext = {
    ...run.scope.stepContext.values(),
    [PARTITION_PLAN_KEY]: { plan, partitions: partitions.length },
  }
  const { jobStatus } = await run.session.commit({
    pipelined: false,
    work: (transaction) => store.storePlan(transaction, plan, partitions),
    progress: () => ({ counts: run.ledger.counts(), executionContext: step }),
  })
  run.ledger.committed({}, { step, job: run.scope.jobContext.values() })
  heedStopRequest(run.control, jobStatus)
  return plan
}

/** @throws BatchError INVALID_JOB_DEFINITION for names that cannot be recorded, and values that cannot be stored */
async function makePlan(run: StepRun, definition: PartitionedStepDefinition): Promise<readonly Partition[]> {
  const partitions: Partition[] = []
  const names = new Set<string>()
  let bytes = 0
  for await (const { name, value } of await partitionsOf(run, definition)) {
    run.scope.signal.throwIfAborted()
    const size = estimateBytes(value)
    const fault =
      nameFault(run.stepName, name) ??
      (names.has(name) ? 'is the name of two partitions' : sizeFault(size, (bytes += size)))
    if (fault !== undefined) throw refused(run.stepName, name, fault)
    names.add(name)
    partitions.push({ name, value: storableCopy(`partition ${name}`, value) as Partition['value'] })
  }
  return partitions
}

async function partitionsOf(
  { stepName, scope }: StepRun,
  definition: PartitionedStepDefinition,
): Promise<Partitions<JsonValue>> {
  const found: unknown = await definition.partitions(scope)
  if (
    typeof found === 'object' &&
    found !== null &&
    (Symbol.iterator in found || Symbol.asyncIterator in found)
  )
    return found as Partitions<JsonValue>
  throw new BatchError(
    'INVALID_JOB_DEFINITION',
    `Step ${stepName} cannot be partitioned: its partitions are ${found === null ? 'null' : typeof found}; answer a list, or an async iterable, of { name, value }. Nothing was stored.`,
    { details: { stepName } },
  )
}

/** Handed over with each claim, so not for the items themselves. */
const VALUE_LIMIT = 1_000_000
/** The plan is one statement. */
const PLAN_LIMIT = 100_000_000

function sizeFault(value: number, plan: number): string | undefined {
  const advice = 'say in it where the items are, and let the reader read them there'
  if (value > VALUE_LIMIT)
    return `has a value of about ${value} bytes, of which ${VALUE_LIMIT} can be: ${advice}`
  return plan > PLAN_LIMIT ? `takes the plan's values beyond ${PLAN_LIMIT} bytes: ${advice}` : undefined
}

function nameFault(stepName: string, name: unknown): string | undefined {
  if (typeof name !== 'string' || name.trim() === '') return 'is no name'
  if (name.includes('\0')) return 'holds a NUL character'
  const recorded = partitionStepName(stepName, name)
  const length = characterCount(recorded)
  return length > NAME_LIMIT
    ? `is recorded as '${recorded.slice(0, 20)}…' with ${length} characters, of which ${NAME_LIMIT} can be; keep names short, and put what is long into the value`
    : undefined
}

function refused(stepName: string, name: unknown, fault: string): BatchError {
  const shown = String(name).slice(0, NAME_LIMIT)
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `Step ${stepName} cannot be partitioned: '${shown}' ${fault}. Nothing was stored.`,
    { details: { stepName, partition: shown } },
  )
}
