/** Says after mocha's own summary which suites were not run for want of a server, and which one command runs them. */

import { writeSync } from 'node:fs'

const STDERR = 2

const notRun = new Map<string, string>()

/** Remembers a suite that is skipped. */
export function reportNotRun(title: string, reason: string): void {
  // Mocha's reporter writes its summary before the process ends; what is said at the exit stands below it.
  if (notRun.size === 0) process.once('exit', () => writeSync(STDERR, notRunSummary(notRun)))
  notRun.set(title, reason)
}

export function notRunSummary(suites: ReadonlyMap<string, string>): string {
  const reasons = [...new Set(suites.values())]
  const lines = reasons.flatMap((reason) => [
    `  ${reason}:`,
    ...[...suites].filter(([, one]) => one === reason).map(([title]) => `    - ${title}`),
  ])
  const count = suites.size === 1 ? '1 SUITE WAS' : `${suites.size} SUITES WERE`
  return `\n  ${count} NOT RUN, for want of real servers\n${lines.join('\n')}\n  Run them with: npm run test:servers\n\n`
}
