/** Progress for logs and files: a line when a step starts and ends, and one every few seconds between. */
import type { StepExecution } from '../core/model/step-execution.ts'
import type { RunObserver } from '../core/ports/run-observer.ts'
import { spanText } from './quantity-text.ts'
import { countsText, figuresText, shareText, stepFigures, type StepSample } from './step-figures.ts'

const INTERVAL_MILLISECONDS = 5000

/** `clock` counts milliseconds from any beginning. */
export function progressLines(tell: (line: string) => void, clock: () => number): RunObserver {
  let names: readonly string[] = []
  let shown: StepSample | undefined
  const title = ({ stepName }: StepExecution) =>
    `step ${stepName} ${names.indexOf(stepName) + 1}/${names.length}`
  return {
    jobStarted: (_, stepNames) => {
      names = stepNames
    },
    stepStarted: (step) => {
      shown = { at: clock(), counts: step, progress: undefined }
      tell(`${title(step)} started`)
    },
    stepProgressed: (step, progress) => {
      const latest = { at: clock(), counts: step, progress }
      if (shown === undefined || latest.at - shown.at < INTERVAL_MILLISECONDS) return
      const figures = stepFigures(shown, latest)
      const share = figures.share === undefined ? '' : `${shareText(figures.share).trim()} `
      tell(`${title(step)}: ${share}${figuresText(figures)}`)
      shown = latest
    },
    stepEnded: (step) => tell(`${title(step)} ${endText(step)}`),
    stepSkipped: (step) => tell(`${title(step)} was completed before and is not run again`),
  }
}

/** `COMPLETED in 12.3 s: 1,000 read, 1,000 written` */
export function endText(step: StepExecution): string {
  return `${step.status} in ${spanText(step.startTime, step.endTime ?? new Date())}: ${countsText(step)}`
}
