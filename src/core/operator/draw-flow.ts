/** A job's flow as a Mermaid flowchart. */
import type { JobDefinition } from '../definition/define-job.ts'
import { type Flow, type FlowState, stateOf, type Target } from '../definition/flow-definition.ts'
import { reachableFrom, waysFrom } from '../definition/flow-graph.ts'

/**
 * Ends with a line break. Arrows without a word are taken when a state has COMPLETED. An exit code for which no arrow is
 * drawn ends the flow as the state has ended, a failure as FAILED.
 */
export function drawFlow({ flow }: Pick<JobDefinition, 'flow'>): string {
  const pen = createPen()
  const begin = pen.node('begin', '((', 'begin', '))', '  ')
  const body = drawStates(pen, flow, '  ')
  return ['flowchart TD', begin, ...body.lines, `  begin --> ${body.idOf(flow.start)}`, ''].join('\n')
}

interface Pen {
  readonly nextId: (kind: string) => string
  readonly node: (id: string, open: string, label: string, close: string, indent: string) => string
}

function createPen(): Pen {
  let count = 0
  return {
    nextId: (kind) => `${kind}${(count += 1)}`,
    node: (id, open, label, close, indent) => `${indent}${id}${open}"${escaped(label)}"${close}`,
  }
}

interface Drawn {
  readonly lines: readonly string[]
  readonly idOf: (state: string) => string
}

function drawStates(pen: Pen, flow: Flow, indent: string): Drawn {
  const names = reachableFrom(flow, flow.start)
  const ids = new Map(names.map((name) => [name, pen.nextId('s')]))
  const idOf = (name: string) => ids.get(name) ?? 'unknown'
  const lines = [
    ...names.flatMap((name) => drawState(pen, idOf(name), name, stateOf(flow, name), indent)),
    ...names.flatMap((name) => drawWays(pen, flow, name, idOf, indent)),
  ]
  return { lines, idOf }
}

function drawState(pen: Pen, id: string, name: string, state: FlowState, indent: string): readonly string[] {
  switch (state.kind) {
    case 'step':
      return [pen.node(id, '[', name, ']', indent)]
    case 'decision':
      return [pen.node(id, '{', name, '}', indent)]
    case 'nested':
      return box(pen, id, name, indent, drawStates(pen, state.flow, `${indent}  `).lines)
    case 'split':
      return box(
        pen,
        id,
        name,
        indent,
        Object.entries(state.branches).flatMap(([branch, flow]) => {
          const inner = `${indent}  `
          return box(pen, pen.nextId('b'), branch, inner, drawStates(pen, flow, `${inner}  `).lines)
        }),
      )
    default:
      return state satisfies never
  }
}

function box(
  pen: Pen,
  id: string,
  label: string,
  indent: string,
  lines: readonly string[],
): readonly string[] {
  return [`${indent}subgraph ${pen.node(id, '[', label, ']', '')}`, ...lines, `${indent}end`]
}

function drawWays(
  pen: Pen,
  flow: Flow,
  name: string,
  idOf: (state: string) => string,
  indent: string,
): readonly string[] {
  return waysFrom(flow, name).flatMap(({ on, target }) => {
    const arrow = on === undefined ? '-->' : `-->|"${escaped(on)}"|`
    if (target.kind === 'to') return [`${indent}${idOf(name)} ${arrow} ${idOf(target.state)}`]
    const id = pen.nextId('e')
    return [
      pen.node(id, '([', endLabel(target), '])', indent),
      `${indent}${idOf(name)} ${arrow} ${id}`,
      ...(target.kind === 'stop' && target.restartAt !== undefined
        ? [`${indent}${id} -.->|"restart"| ${idOf(target.restartAt)}`]
        : []),
    ]
  })
}

function endLabel(target: Exclude<Target, { kind: 'to' }>): string {
  switch (target.kind) {
    case 'end':
      return target.exitCode === 'COMPLETED' ? 'COMPLETED' : `COMPLETED: ${target.exitCode}`
    case 'fail':
      return 'FAILED'
    case 'stop':
      return target.exitCode === 'STOPPED' ? 'STOPPED' : `STOPPED: ${target.exitCode}`
    default:
      return target satisfies never
  }
}

/** Mermaid's own entities: nothing in a name may end the label or be read as markup. */
function escaped(text: string): string {
  return text
    .replace(/[#"`<>&\\|;{}[\]()]/g, (sign) => `#${sign.charCodeAt(0)};`)
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
