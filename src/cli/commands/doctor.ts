/** `batchwright doctor` */
import { readFileSync } from 'node:fs'
import type { CommandContext } from '../command-context.ts'
import { checkDatabase } from '../doctor/check-database.ts'
import { checkNode, checkParent, thisPlace } from '../doctor/check-process.ts'
import { checkProject } from '../doctor/check-project.ts'
import { exitCodeOfFindings, type Finding } from '../doctor/finding.ts'
import { jsonLine } from '../../json/json-line.ts'
import { styled } from '../output.ts'

/** Each finding is printed as soon as it is there. 0 where nothing is a problem, else 2, or 7 for what may pass. */
export async function doctor(context: CommandContext): Promise<number> {
  const { output } = context
  const findings: Finding[] = []
  for await (const finding of allFindings(context)) {
    findings.push(finding)
    if (!output.json) for (const line of findingLines(finding)) output.result(line)
  }
  const exitCode = exitCodeOfFindings(findings)
  if (output.json) output.result(jsonLine({ findings, processExitCode: exitCode }))
  return exitCode
}

async function* allFindings(context: CommandContext): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node, requiredNode())
  yield checkParent(thisPlace(context.environment))
  const { findings, project } = await checkProject(context)
  yield* findings
  if (project !== undefined) yield* checkDatabase(context, project)
}

function findingLines({ check, state, text, remedy }: Finding): readonly string[] {
  const style = { ok: 'green', warning: 'yellow', problem: 'red' } as const
  const line = `${styled(style[state], state.padEnd(8), process.stdout)} ${check}: ${text}`
  return remedy === null ? [line] : [line, `${' '.repeat(9)}→ ${remedy}`]
}

function requiredNode(): string {
  const text = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { engines: { node: string } }).engines.node
}
