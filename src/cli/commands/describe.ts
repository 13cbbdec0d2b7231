/** `batchwright describe <job>` */
import type { JobDefinition } from '../../core/definition/define-job.ts'
import type { StepDefinition } from '../../core/definition/step-definition.ts'
import { drawFlow } from '../../core/operator/draw-flow.ts'
import { createJobRegistry } from '../../core/operator/job-registry.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jobJson } from '../../json/job-json.ts'
import { type DescribedParameter, describeJobParameters, exampleLine } from '../described-parameters.ts'
import { jsonLine } from '../../json/json-line.ts'
import { type Column, renderTable } from '../render-table.ts'

export interface DescribeOptions {
  readonly mermaid?: boolean
}

export async function describe(
  context: CommandContext,
  jobName: string,
  { mermaid = false }: DescribeOptions,
): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  const job = createJobRegistry(await project.jobs()).find(jobName)
  if (mermaid) output.result(output.json ? jsonLine({ mermaid: drawFlow(job) }) : drawFlow(job).trimEnd())
  else if (output.json) output.result(jsonLine({ ...jobJson(job), example: exampleLine(job) }))
  else for (const line of jobLines(job)) output.result(line)
  return 0
}

function jobLines(job: JobDefinition): readonly string[] {
  const { name, description, restartable, exitCodes } = job
  const parameters = describeJobParameters(job)
  const own = Object.entries(exitCodes).map(([word, code]) => `  ${code}  ${word}`)
  return [
    description === '' ? name : `${name}: ${description}`,
    ...(restartable ? [] : ['  not restartable: an instance that has failed is never started again']),
    '',
    ...(parameters.length === 0 ? ['It takes no parameters.'] : renderTable(PARAMETER_COLUMNS, parameters)),
    '',
    ...renderTable(STEP_COLUMNS, Object.entries(job.steps)),
    ...(own.length === 0 ? [] : ['', 'exit codes of its own', ...own]),
    '',
    `example: ${exampleLine(job)}`,
  ]
}

const PARAMETER_COLUMNS: readonly Column<DescribedParameter>[] = [
  { title: 'parameter', text: ({ name }) => name },
  { title: 'type', text: ({ type }) => type },
  { title: 'identifying', text: ({ identifying }) => (identifying ? 'yes' : 'no') },
  { title: 'default', text: defaultText },
  { title: 'description', text: ({ description }) => description },
]

function defaultText(parameter: DescribedParameter): string {
  if (parameter.default !== undefined) return parameter.default === '' ? '""' : parameter.default
  return parameter.required ? '(must be given)' : '(optional)'
}

const STEP_COLUMNS: readonly Column<[string, StepDefinition]>[] = [
  { title: 'step', text: ([stepName]) => stepName },
  { title: 'kind', text: ([, { kind }]) => kind },
  { title: 'chunk size', text: ([, step]) => chunkSizeText(step) },
  { title: 'options', text: ([, { options }]) => optionsText(options) },
]

function chunkSizeText(step: StepDefinition): string {
  if (step.kind === 'tasklet' || step.kind === 'job') return ''
  const { size } = step.kind === 'partitioned' ? step.chunk.options : step.options
  return typeof size === 'number' ? String(size) : 'by parameters'
}

function optionsText({ allowStartIfComplete, startLimit }: StepDefinition['options']): string {
  return [
    ...(allowStartIfComplete === true ? ['runs again on a restart'] : []),
    ...(startLimit === undefined ? [] : [`begun at most ${startLimit} times`]),
  ].join(', ')
}
