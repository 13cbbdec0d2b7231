/** A flow in words, state by state. */
import { isDeepStrictEqual } from 'node:util'
import type { FlowFingerprint } from '../model/definition-fingerprint.ts'
import { type Flow, type FlowState, sequentialFlow, type Target } from './flow-definition.ts'

export function fingerprintOfFlow(flow: Flow, stepNames: readonly string[]): FlowFingerprint {
  return {
    sequential: isDeepStrictEqual(flow, sequentialFlow(stepNames)),
    states: Object.fromEntries(statesOf(flow, '')),
  }
}

type StateInWords = readonly [path: string, leads: string]

function statesOf({ start, states }: Flow, path: string): readonly StateInWords[] {
  const within = Object.entries(states).flatMap(([name, state]): readonly StateInWords[] => {
    const here = path === '' ? name : `${path}/${name}`
    return [[here, `${contentOf(state)}${leadsOf(state)}`], ...flowsWithin(state, here)]
  })
  return [[path, `begins with ${start}`], ...within]
}

function flowsWithin(state: FlowState, here: string): readonly StateInWords[] {
  switch (state.kind) {
    case 'step':
    case 'decision':
      return []
    case 'split':
      return Object.entries(state.branches).flatMap(([name, branch]) => statesOf(branch, `${here}/${name}`))
    case 'nested':
      return statesOf(state.flow, here).slice(1)
    default:
      return state satisfies never
  }
}

function contentOf(state: FlowState): string {
  switch (state.kind) {
    case 'step':
      return ''
    case 'decision':
      return 'a decision, '
    case 'split':
      return `a split into ${Object.keys(state.branches).join(', ')}, `
    case 'nested':
      return `a flow that begins with ${state.flow.start}, `
    default:
      return state satisfies never
  }
}

function leadsOf({ transitions, next }: FlowState): string {
  const leads = transitions.map(({ on, target }) => `on ${on} ${targetText(target)}`)
  return [...leads, next === undefined ? 'else the end' : `else ${targetText(next)}`].join(', ')
}

function targetText(target: Target): string {
  switch (target.kind) {
    case 'to':
      return `to ${target.state}`
    case 'end':
      return `end as ${target.exitCode}`
    case 'fail':
      return 'fail'
    case 'stop':
      return target.restartAt === undefined
        ? `stop as ${target.exitCode}`
        : `stop as ${target.exitCode} and restart at ${target.restartAt}`
    default:
      return target satisfies never
  }
}
