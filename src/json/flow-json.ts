/** A flow for programs: states by name, in the order in which they are come to. */
import { type Flow, type FlowState, stateOf } from '../core/definition/flow-definition.ts'
import { reachableFrom } from '../core/definition/flow-graph.ts'

export function flowJson(flow: Flow): Readonly<Record<string, unknown>> {
  const states = reachableFrom(flow, flow.start).map((name) => [name, stateJson(stateOf(flow, name))])
  return { start: flow.start, states: Object.fromEntries(states) as unknown }
}

/** `next` is where it goes when it has COMPLETED and no transition matches; null ends the flow as the state has ended. */
function stateJson(state: FlowState): Readonly<Record<string, unknown>> {
  const { kind, transitions, next = null } = state
  const ways = { transitions, next }
  switch (kind) {
    case 'step':
    case 'decision':
      return { kind, ...ways }
    case 'split': {
      const branches = Object.entries(state.branches).map(([name, branch]) => [name, flowJson(branch)])
      return { kind, branches: Object.fromEntries(branches) as unknown, ...ways }
    }
    case 'nested':
      return { kind, flow: flowJson(state.flow), ...ways }
    default:
      return state satisfies never
  }
}
