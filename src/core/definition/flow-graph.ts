/** The states of a flow and the ways between them, for checks and drawings. */
import { matchesExitCode } from './exit-code-pattern.ts'
import { type Flow, stateOf, type Target } from './flow-definition.ts'

/** One way out of a state. Ends are ways too; a state that simply ends the flow as it ended has none. */
export interface FlowWay {
  readonly from: string
  /** Undefined for `next`: COMPLETED, whatever the exit code. */
  readonly on: string | undefined
  readonly target: Target
}

/** A flow within a job's, with the path by which it is known: '' for the job's own. */
export interface PlacedFlow {
  readonly path: string
  readonly flow: Flow
}

/** A flow, and all flows within it. */
export function flowsWithin(flow: Flow, path = ''): readonly PlacedFlow[] {
  const inner = Object.entries(flow.states).flatMap(([name, state]) => {
    const here = path === '' ? name : `${path}/${name}`
    if (state.kind === 'nested') return flowsWithin(state.flow, here)
    if (state.kind !== 'split') return []
    return Object.entries(state.branches).flatMap(([branch, one]) => flowsWithin(one, `${here}/${branch}`))
  })
  return [{ path, flow }, ...inner]
}

export function waysFrom(flow: Flow, name: string): readonly FlowWay[] {
  const { transitions, next } = stateOf(flow, name)
  const ways = transitions.map(({ on, target }) => ({ from: name, on, target }))
  return next === undefined ? ways : [...ways, { from: name, on: undefined, target: next }]
}

/** The states that a way leads to, now or after a restart. */
export function statesOf(target: Target): readonly string[] {
  if (target.kind === 'to') return [target.state]
  return target.kind === 'stop' && target.restartAt !== undefined ? [target.restartAt] : []
}

/** The states that can be come to from this one, itself among them, in the order in which a reader meets them. */
export function reachableFrom(flow: Flow, start: string): readonly string[] {
  const found = [start]
  for (let at = 0; at < found.length; at += 1) {
    for (const { target } of waysFrom(flow, found[at] ?? '')) {
      for (const state of statesOf(target)) if (!found.includes(state)) found.push(state)
    }
  }
  return found
}

/** Where an exit code leads; undefined where it ends the flow as the state ended. */
export function wayFor(flow: Flow, name: string, exitCode: string): FlowWay | undefined {
  return waysFrom(flow, name).find(({ on }) => on === undefined || matchesExitCode(on, exitCode))
}

/** The names of all steps that a flow runs, within its branches and flows too. */
export function stepsWithin(flow: Flow): readonly string[] {
  const names = flowsWithin(flow).flatMap(({ flow: one }) =>
    reachableFrom(one, one.start).filter((name) => stateOf(one, name).kind === 'step'),
  )
  return [...new Set(names)]
}
