/** Progress for logs and files: a line when a step starts and ends, and one every few seconds between. */
import type { StepExecution } from '../core/model/step-execution.ts'
import type { RunObserver } from '../core/ports/run-observer.ts'
import { spanText } from './quantity-text.ts'
import { countsText, figuresText, shareText, stepFigures, type StepSample } from './step-figures.ts'

const INTERVAL_MILLISECONDS = 5000

/** `clock` counts milliseconds from any beginning. */
export function progressLines(tell: (line: string) => void, clock: () => number): RunObserver {
  let names: readonly string[] = []
  const lastShown = new Map<string, StepSample>()
  const title = (step: StepExecution) => `step ${titleOf(step, names)}`
  return {
    jobStarted: (_, stepNames) => {
      names = stepNames
    },
    stepStarted: (step) => {
      lastShown.set(step.id, { at: clock(), counts: step, progress: undefined })
      tell(`${title(step)} started`)
    },
    stepProgressed: (step, progress) => {
      const latest = { at: clock(), counts: step, progress }
      const shown = lastShown.get(step.id)
      if (shown === undefined || latest.at - shown.at < INTERVAL_MILLISECONDS) return
      const figures = stepFigures(shown, latest)
      const share = figures.share === undefined ? '' : `${shareText(figures.share).trim()} `
      tell(`${title(step)}: ${share}${figuresText(figures)}`)
      lastShown.set(step.id, latest)
    },
    stepEnded: (step) => {
      lastShown.delete(step.id)
      tell(`${title(step)} ${endText(step)}`)
    },
    stepSkipped: (step) => tell(`${title(step)} was completed before and is not run again`),
  }
}

/** `COMPLETED in 12.3 s: 1,000 read, 1,000 written` */
export function endText(step: StepExecution): string {
  return `${step.status} in ${spanText(step.startTime, step.endTime ?? new Date())}: ${countsText(step)}`
}

/** `load 1/3`; a step of a partition, or of a job that is run as a step, has no place among the job's own. */
export function titleOf({ stepName }: StepExecution, names: readonly string[]): string {
  const place = names.indexOf(stepName)
  return place === -1 ? stepName : `${stepName} ${place + 1}/${names.length}`
}
