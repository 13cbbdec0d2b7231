/** A dry run's report for people. */
import type {
  DryRunReport,
  DryRunStep,
  FailureClass,
  RehearsedStep,
  RehearsedWrite,
  Shape,
  ShapeField,
} from '../core/operator/dry-run/dry-run-report.ts'
import { countText, durationText, shortCount } from './quantity-text.ts'
import { type Column, renderTable } from './render-table.ts'

export function dryRunLines(report: DryRunReport): readonly string[] {
  const { jobName, repository, sample, steps } = report
  const scope = sample === null ? 'all records' : `the first ${countText(sample)} records of each reader`
  return [
    `Dry run of job ${jobName}, ${scope}: nothing was recorded, nothing was kept`,
    `  ${repository}`,
    ...steps.flatMap((step, index) => ['', ...stepLines(step, index)]),
    '',
    verdict(report),
  ]
}

function stepLines(step: DryRunStep, index: number): readonly string[] {
  const title = `${index + 1}. ${step.name}`
  if (step.kind === 'not run') return [`${title}: not run; ${step.reason}`]
  const { items, outputs, failures } = step
  return [
    `${title}: ${countsText(step)}`,
    `   reads   ${step.reader}`,
    ...step.writes.map((write) => `   writes  ${writeText(write)}`),
    ...(step.failure === null ? [] : [`   could not go on: ${step.failure}`]),
    ...estimateLines(step),
    ...step.notes.map((note) => `   note: ${note}`),
    ...(failures.length === 0
      ? []
      : ['', '   failures', ...indented(renderTable(FAILURE_COLUMNS, failures))]),
    ...shapeLines('items', items),
    ...shapeLines('outputs', outputs),
  ]
}

/** `1,000 read, 990 processed, 7 filtered, 3 failed in 1.2 s (833/s), to the end of the sample` */
function countsText(step: RehearsedStep): string {
  const { readCount, processedCount, filterCount, failedCount, milliseconds, itemsPerSecond } = step
  const counts = [
    `${countText(readCount)} read`,
    `${countText(processedCount)} processed`,
    ...(filterCount === 0 ? [] : [`${countText(filterCount)} filtered`]),
    `${countText(failedCount)} failed`,
  ]
  const pace = `in ${durationText(milliseconds)} (${shortCount(itemsPerSecond)}/s)`
  return `${counts.join(', ')} ${pace}, ${ENDINGS[step.ended]}`
}

const ENDINGS: Readonly<Record<RehearsedStep['ended'], string>> = {
  complete: 'to the end',
  sampled: 'to the end of the sample',
  stopped: 'then it was stopped',
  failed: 'then it failed',
}

function writeText({ writer, what, reason }: RehearsedWrite): string {
  switch (what) {
    case 'rolled back':
      return `${writer}: written and rolled back`
    case 'not opened':
      return `${writer}: not opened, since that could not be rolled back`
    case 'refused':
      return `${writer}: could not be opened: ${reason ?? ''}`
    default:
      return what satisfies never
  }
}

/** Of what was read to the end there is nothing to estimate. */
function estimateLines({ ended, estimate }: RehearsedStep): readonly string[] {
  if (ended !== 'sampled' && ended !== 'stopped') return []
  if (estimate === null) return ['   whole input: not known; the reader does not tell how much there is']
  const { items, milliseconds, failedShare } = estimate
  const failing = failedShare === 0 ? 'none would fail' : `${percent(failedShare)} would fail`
  return [`   whole input: about ${shortCount(items)} items, about ${durationText(milliseconds)}, ${failing}`]
}

const FAILURE_COLUMNS: readonly Column<FailureClass>[] = [
  { title: 'phase', text: ({ phase }) => phase },
  { title: 'error', text: ({ error }) => error },
  { title: 'count', text: ({ count }) => countText(count), align: 'right' },
  { title: 'first at', text: ({ positions }) => positionsText(positions.slice(0, SHOWN_POSITIONS)) },
  { title: 'message of the first', text: ({ message }) => cut(message) },
]

const SHOWN_POSITIONS = 3
const SHOWN_MESSAGE = 120

/** `trades.csv line 8, 9, 12`: what the positions have in common is said once. */
function positionsText(positions: readonly string[]): string {
  const [first = '', ...others] = positions
  const common = first.slice(0, first.lastIndexOf(' ') + 1)
  const alike = common !== '' && others.every((one) => one.startsWith(common))
  return [first, ...(alike ? others.map((one) => one.slice(common.length)) : others)].join(
    alike ? ', ' : '; ',
  )
}

function cut(message: string): string {
  const [line = ''] = message.split('\n')
  return line.length > SHOWN_MESSAGE ? `${line.slice(0, SHOWN_MESSAGE - 1)}…` : line
}

function shapeLines(title: string, { count, fields }: Shape): readonly string[] {
  if (fields.length === 0) return []
  return ['', `   ${title} (${countText(count)})`, ...indented(renderTable(SHAPE_COLUMNS, fields))]
}

const SHAPE_COLUMNS: readonly Column<ShapeField>[] = [
  { title: 'field', text: ({ path }) => (path === '' ? '(the item)' : path) },
  { title: 'type', text: ({ types }) => typesText(types) },
  { title: 'null', text: ({ nullShare }) => (nullShare === 0 ? '' : percent(nullShare)), align: 'right' },
  {
    title: 'absent',
    text: ({ absentShare }) => (absentShare === 0 ? '' : percent(absentShare)),
    align: 'right',
  },
  { title: 'length', text: ({ lengths }) => rangeText(lengths) },
  { title: 'values', text: ({ values }) => rangeText(values) },
  { title: 'examples', text: ({ examples }) => examples.join(', ') },
]

/** The most frequent first; null has a column of its own. */
function typesText(types: ShapeField['types']): string {
  const named = Object.entries(types)
    .filter(([type]) => type !== 'null')
    .toSorted(([, one], [, other]) => other - one)
    .map(([type]) => type)
  return named.length === 0 ? 'null' : named.join(' | ')
}

function rangeText(range: { readonly min: unknown; readonly max: unknown } | null): string {
  if (range === null) return ''
  return range.min === range.max ? String(range.min) : `${String(range.min)} to ${String(range.max)}`
}

/** `0.3%`, `12%`, `<0.1%` */
function percent(share: number): string {
  const hundredths = share * 100
  if (hundredths > 0 && hundredths < 0.1) return '<0.1%'
  return `${hundredths >= 10 ? Math.round(hundredths) : Number(hundredths.toFixed(1))}%`
}

function verdict({ wouldFail, steps }: DryRunReport): string {
  const rehearsed = steps.flatMap((step) => (step.kind === 'chunk' ? [step] : []))
  if (!wouldFail) return `Nothing would fail${untried(steps, rehearsed)}.`
  const failed = rehearsed.reduce((sum, { failedCount }) => sum + failedCount, 0)
  const broken = rehearsed.filter(
    ({ failure, writes }) => failure !== null || writes.some(({ what }) => what === 'refused'),
  )
  const parts = [
    ...(failed === 0 ? [] : [`${countText(failed)} ${failed === 1 ? 'item' : 'items'}`]),
    ...broken.map(({ name }) => `step ${name}`),
    ...steps.flatMap((step) => (step.kind === 'not run' && step.failed ? [`step ${step.name}`] : [])),
  ]
  return `A run would fail: ${parts.join(', ')}.`
}

function untried(steps: readonly DryRunStep[], rehearsed: readonly RehearsedStep[]): string {
  const notRun = steps.filter(({ kind }) => kind === 'not run').map(({ name }) => `step ${name}`)
  const notWritten = rehearsed
    .filter(({ writes }) => writes.some(({ what }) => what !== 'rolled back'))
    .map(({ name }) => `the writes of ${name}`)
  const gaps = [...notRun, ...notWritten]
  return gaps.length === 0 ? '' : ` of what was tried; not tried: ${gaps.join(', ')}`
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `     ${line}`)
}
