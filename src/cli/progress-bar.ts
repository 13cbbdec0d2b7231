/** Progress for a person at a terminal: one line that is drawn over itself, and a lasting one for each step that ended. */
import type { StepExecution } from '../core/model/step-execution.ts'
import type { RunObserver } from '../core/ports/run-observer.ts'
import { endText, titleOf } from './progress-lines.ts'
import { countText } from './quantity-text.ts'
import { figuresText, shareText, stepFigures, type StepSample } from './step-figures.ts'

const REDRAW_MILLISECONDS = 100
/** Rates are those of this time before; a whole run's mean would hide that it has become slow. */
const WINDOW_MILLISECONDS = 10_000
const BAR_WIDTH = 20
const ERASE_LINE = '\r\u001B[K'

export interface ProgressBar extends RunObserver, Disposable {
  /** Takes the line away so that other text can be written; it comes back with the next drawing. */
  readonly hide: () => void
}

/** `write` writes to the terminal, `columns` is its width now. */
export function progressBar(
  write: (text: string) => void,
  columns: () => number,
  clock: () => number,
): ProgressBar {
  let names: readonly string[] = []
  /** Steps at work, by the ids of their executions: several where the flow splits. */
  const atWork = new Map<string, StepAtWork>()
  let drawnAt = -Infinity
  let visible = false

  const hide = () => {
    if (visible) write(ERASE_LINE)
    visible = false
  }
  const draw = () => {
    if (atWork.size === 0) return
    drawnAt = clock()
    write(ERASE_LINE + barLines([...atWork.values()], names).slice(0, Math.max(columns() - 1, 1)))
    visible = true
  }
  const begin = (started: StepExecution) => {
    atWork.set(started.id, {
      step: started,
      samples: [{ at: clock(), counts: started, progress: undefined }],
    })
    draw()
  }
  const end = (ended: StepExecution, line: string) => {
    hide()
    atWork.delete(ended.id)
    write(`${line}\n`)
  }
  const ticker = setInterval(draw, 1000).unref()
  return {
    jobStarted: (_, stepNames) => {
      names = stepNames
    },
    stepStarted: begin,
    stepProgressed: (progressed, progress) => {
      const at = clock()
      const known = atWork.get(progressed.id)
      const sampledAt = known?.samples.at(-1)?.at ?? -Infinity
      if (at - drawnAt < REDRAW_MILLISECONDS && at - sampledAt < REDRAW_MILLISECONDS) return
      const samples = [...recent(known?.samples ?? [], at), { at, counts: progressed, progress }]
      atWork.set(progressed.id, { step: progressed, samples })
      if (at - drawnAt >= REDRAW_MILLISECONDS) draw()
    },
    stepEnded: (ended) => end(ended, `${titleOf(ended, names)} ${endText(ended)}`),
    stepSkipped: (skipped) =>
      end(skipped, `${titleOf(skipped, names)} was completed before and is not run again`),
    hide,
    [Symbol.dispose]: () => {
      clearInterval(ticker)
      hide()
    },
  }
}

/** The newest sample that is older than the window stays, so that there is always one to compare with. */
function recent(samples: readonly StepSample[], at: number): readonly StepSample[] {
  const old = samples.filter((sample) => sample.at < at - WINDOW_MILLISECONDS)
  return samples.slice(Math.max(old.length - 1, 0))
}

interface StepAtWork {
  readonly step: StepExecution
  readonly samples: readonly StepSample[]
}

/** One step with all its figures; of several each with what it has read. */
function barLines(steps: readonly StepAtWork[], names: readonly string[]): string {
  const [only] = steps
  if (steps.length === 1 && only !== undefined) return barLine(only.step, names, only.samples)
  return steps.map((one) => shortLine(one, names)).join(' | ')
}

function shortLine({ step, samples }: StepAtWork, names: readonly string[]): string {
  const [earliest, latest] = [samples[0], samples.at(-1)]
  if (earliest === undefined || latest === undefined || earliest === latest)
    return `${titleOf(step, names)} …`
  const { share } = stepFigures(earliest, latest)
  const done = share === undefined ? '' : `${shareText(share).trim()} `
  return `${titleOf(step, names)} ${done}${countText(step.readCount)} read`
}

/** `load 2/3 [=====>    ] 62% 1,240,000 read 18.2k/s 3 skip 0 rollback eta 41 s` */
function barLine(step: StepExecution, names: readonly string[], samples: readonly StepSample[]): string {
  const [earliest, latest] = [samples[0], samples.at(-1)]
  const title = titleOf(step, names)
  if (earliest === undefined || latest === undefined || earliest === latest) return `${title} …`
  const figures = stepFigures(earliest, latest)
  const bar = figures.share === undefined ? '' : `${barOf(figures.share)}${shareText(figures.share)} `
  return `${title} ${bar}${figuresText(figures)}`
}

function barOf(share: number): string {
  const filled = Math.floor(share * BAR_WIDTH)
  const head = filled < BAR_WIDTH ? '>' : ''
  return `[${'='.repeat(filled)}${head}`.padEnd(BAR_WIDTH + 1) + ']'
}
