/** `batchwright quarantine redrive (<executionId> | --ids … | --job …)` */
import { BatchError } from '../../core/model/batch-error.ts'
import type { RedrivePart, RedrivePlan } from '../../core/operator/plan-redrive.ts'
import type { QuarantineSelection } from '../../core/ports/quarantine-store.ts'
import type { AnyJob } from '../../create-batch.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { itemsText } from '../execution-quarantine.ts'
import type { Project } from '../find-project.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { countText } from '../quantity-text.ts'
import { type NarrowingOptions, selectionOf } from '../quarantine-text.ts'
import { type Column, renderTable } from '../render-table.ts'
import { runToEnd } from '../run-to-end.ts'
import type { ProgressMode } from '../show-progress.ts'

export interface RedriveOptions extends NarrowingOptions {
  readonly ids?: readonly string[]
  readonly job?: string
  readonly dryRun?: boolean
  /** In seconds. */
  readonly grace: number
  readonly progress: ProgressMode
}

interface Redriving {
  readonly project: Project
  readonly jobs: readonly AnyJob[]
  readonly selection: QuarantineSelection
  readonly options: RedriveOptions
}

/** Execution by execution, until one does not end well: its exit code is the answer. */
export async function redrive(
  context: CommandContext,
  executionId: string | undefined,
  options: RedriveOptions,
): Promise<number> {
  const project = await projectOf(context)
  const { ids, job } = options
  const selection = {
    ...selectionOf(options),
    ...(ids !== undefined && { ids }),
    ...(job !== undefined && { jobName: job }),
  }
  const redriving: Redriving = { project, jobs: await project.jobs(), selection, options }
  const plans = await planned(context, redriving, executionId)
  if (options.dryRun === true) return showPlans(context, plans)
  for (const origin of executionId === undefined ? origins(plans) : [executionId]) {
    const exitCode = await redriveOne(context, redriving, origin)
    if (exitCode !== 0) return exitCode
  }
  return 0
}

function planned(
  context: CommandContext,
  { project, jobs, selection }: Redriving,
  executionId: string | undefined,
): Promise<readonly RedrivePlan[]> {
  return withBatch(context, project, jobs, async ({ operator }) => {
    if (executionId !== undefined) await operator.findJobExecution(executionId)
    return operator.planRedrive({
      ...selection,
      ...(executionId !== undefined && { jobExecutionId: executionId }),
    })
  })
}

/** @throws BatchError NOTHING_TO_REDRIVE */
function origins(plans: readonly RedrivePlan[]): readonly string[] {
  const found = plans.filter(({ parts }) => parts.some(({ obstacle }) => obstacle === undefined))
  if (found.length > 0) return found.map(({ jobExecutionId }) => jobExecutionId)
  throw new BatchError(
    'NOTHING_TO_REDRIVE',
    'None of these items can be redriven, and nothing was started. batchwright quarantine redrive --dry-run shows what is in the way.',
    { details: { plans } },
  )
}

function redriveOne(
  context: CommandContext,
  { project, jobs, selection, options }: Redriving,
  origin: string,
): Promise<number> {
  return runToEnd(context, {
    project,
    jobs,
    grace: options.grace,
    progress: options.progress,
    launch: async (operator, startOptions) => {
      const started = await operator.redrive(origin, selection, startOptions)
      const { batchId, items, execution } = started
      context.output.tell(
        `execution ${execution.id} redrives ${itemsText(items)} of execution ${origin} (batch ${batchId})`,
      )
      return started
    },
  })
}

function showPlans({ output }: CommandContext, plans: readonly RedrivePlan[]): number {
  if (output.json) for (const plan of plans) output.result(jsonLine(planJson(plan)))
  else if (plans.length === 0) output.tell('nothing to redrive')
  else for (const line of renderTable(COLUMNS, plans.flatMap(rowsOf))) output.result(line)
  return 0
}

function planJson({ parts, ...plan }: RedrivePlan): Readonly<Record<string, unknown>> {
  return { ...plan, parts: parts.map((part) => ({ ...part, obstacle: part.obstacle ?? null })) }
}

type Row = RedrivePart & Omit<RedrivePlan, 'parts'>

function rowsOf({ parts, ...plan }: RedrivePlan): readonly Row[] {
  return parts.map((part) => ({ ...plan, ...part }))
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'execution', text: ({ jobExecutionId }) => jobExecutionId, align: 'right' },
  { title: 'job', text: ({ jobName }) => jobName },
  { title: 'step', text: ({ stepName }) => stepName },
  { title: 'phase', text: ({ phase }) => phase },
  { title: 'items', text: ({ items }) => countText(items), align: 'right' },
  { title: 'redriven', text: ({ obstacle }) => (obstacle === undefined ? 'yes' : `no: ${obstacle}`) },
]
