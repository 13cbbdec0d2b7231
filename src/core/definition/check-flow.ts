/** What is wrong with a flow although it compiles, and what the compiler would have said to authors who have none. */
import type { JobDefinition } from './define-job.ts'
import { isExitCodePattern, matchesExitCode } from './exit-code-pattern.ts'
import { type Flow, type FlowState, stateOf } from './flow-definition.ts'
import {
  flowsWithin,
  type FlowWay,
  reachableFrom,
  statesOf,
  stepsWithin,
  wayFor,
  waysFrom,
} from './flow-graph.ts'

type Job = Pick<JobDefinition, 'flow' | 'steps'>

export function checkFlow(job: Job): readonly string[] {
  const faults = flowsWithin(job.flow).flatMap(({ path, flow }) =>
    checkOne(job, flow).map((fault) => (path === '' ? `flow: ${fault}` : `flow ${path}: ${fault}`)),
  )
  const used = stepsWithin(job.flow)
  const unused = Object.keys(job.steps).filter((name) => !used.includes(name))
  return [...faults, ...unused.map((name) => `flow: step ${name} is never come to`)]
}

function checkOne(job: Job, flow: Flow): readonly string[] {
  const isKnown = (name: string) => Object.hasOwn(flow.states, name) || Object.hasOwn(job.steps, name)
  if (flow.start === '') return ['it has no steps']
  if (!isKnown(flow.start)) return [`it begins with ${flow.start}, which is no step or state`]
  const reached = reachableFrom(flow, flow.start)
  return [
    ...Object.entries(flow.states).flatMap(([name, state]) => checkState(job, flow, name, state, isKnown)),
    ...Object.keys(flow.states)
      .filter((name) => !reached.includes(name))
      .map((name) => `state ${name} is never come to`),
    ...endlessLoops(flow, reached.filter(isKnown)).map(
      (loop) => `the loop ${loop.join(' → ')} → ${loop[0]} has no way out but a failure`,
    ),
  ]
}

function checkState(
  job: Job,
  flow: Flow,
  name: string,
  state: FlowState,
  isKnown: (name: string) => boolean,
): readonly string[] {
  const targets = waysFrom(flow, name).flatMap(({ target }) => statesOf(target))
  return [
    ...[...new Set(targets)]
      .filter((target) => !isKnown(target))
      .map((target) => `state ${name} leads to ${target}, which is no step or state`),
    ...samePatterns(state).map((pair) => `state ${name}: ${pair} match the same exit codes`),
    ...checkKind(job, flow, name, state),
  ]
}

function checkKind(job: Job, flow: Flow, name: string, state: FlowState): readonly string[] {
  const isStep = Object.hasOwn(job.steps, name)
  if (state.kind === 'step') return isStep ? checkStepState(job, flow, name) : [`state ${name} is no step`]
  const faults = isStep ? [`state ${name} has the name of a step; choose another`] : []
  if (state.kind !== 'decision' && name.includes('/'))
    faults.push(`state ${name}: the name of a split or a flow within a flow cannot hold a slash`)
  if (state.kind === 'decision' && state.transitions.length === 0 && state.next === undefined)
    faults.push(`decision ${name} has no transitions`)
  return state.kind === 'split' ? [...faults, ...checkBranches(name, state.branches)] : faults
}

function checkBranches(name: string, branches: Readonly<Record<string, Flow>>): readonly string[] {
  if (Object.keys(branches).length === 0) return [`split ${name} has no branches`]
  const steps = Object.values(branches).flatMap((branch) => stepsWithin(branch))
  const twice = new Set(steps.filter((step, index) => steps.indexOf(step) !== index))
  return [
    ...[...twice].map(
      (step) => `split ${name}: step ${step} is in more than one branch, and would run beside itself`,
    ),
    ...Object.keys(branches)
      .filter((branch) => branch.includes('/'))
      .map((branch) => `split ${name}: the name of branch ${branch} cannot hold a slash`),
  ]
}

function checkStepState(job: Job, flow: Flow, name: string): readonly string[] {
  const { exitCodes, allowStartIfComplete } = job.steps[name]?.options ?? {}
  const never = waysFrom(flow, name).flatMap(({ on }) =>
    on === undefined || exitCodes === undefined || isExitCodePattern(on) || isGiven(on, exitCodes)
      ? []
      : [on],
  )
  const completed = wayFor(flow, name, 'COMPLETED')?.target
  const stuck =
    completed?.kind === 'stop' && completed.restartAt === undefined && allowStartIfComplete !== true
      ? [
          `state ${name} stops when it has COMPLETED, and would stop there again on each restart: give a restartAt`,
        ]
      : []
  return [...never.map((code) => `state ${name}: its step never ends with ${code}`), ...stuck]
}

function isGiven(exitCode: string, declared: readonly string[]): boolean {
  return ['COMPLETED', 'FAILED', ...declared].includes(exitCode)
}

/** `*` and `**`, or `?*` and `*?`: of two such only one would ever be tried. */
function samePatterns({ transitions }: FlowState): readonly string[] {
  const known = new Map<string, string>()
  return transitions.flatMap(({ on }) => {
    const meaning = on.replace(/[*?]+/g, (run) => run.replaceAll('*', '') + (run.includes('*') ? '*' : ''))
    const before = known.get(meaning)
    known.set(meaning, on)
    return before === undefined ? [] : [`${before} and ${on}`]
  })
}

/** Loops that go on as long as their steps complete: nothing in them asks whether it is enough. */
function endlessLoops(flow: Flow, reached: readonly string[]): readonly (readonly string[])[] {
  const behind = new Map(reached.map((name) => [name, statesBehind(flow, name)]))
  const comesTo = (from: string, to: string) => behind.get(from)?.has(to) === true
  const circles = reached
    .filter((name) => comesTo(name, name))
    .map((name) => reached.filter((other) => comesTo(name, other) && comesTo(other, name)))
  const different = new Map(circles.map((circle) => [circle.join('\n'), circle]))
  return [...different.values()].filter((circle) => !circle.some((name) => leaves(flow, name, circle)))
}

/** What can be come to from a state, itself only where a way leads back. */
function statesBehind(flow: Flow, name: string): ReadonlySet<string> {
  const following = waysFrom(flow, name).flatMap(({ target }) => statesOf(target))
  return new Set(following.flatMap((state) => reachableFrom(flow, state)))
}

function leaves(flow: Flow, name: string, circle: readonly string[]): boolean {
  const endsAsItEnded =
    stateOf(flow, name).kind !== 'decision' && wayFor(flow, name, 'COMPLETED') === undefined
  return endsAsItEnded || waysFrom(flow, name).some((way) => isWayOut(way, circle))
}

function isWayOut({ on, target }: FlowWay, circle: readonly string[]): boolean {
  if (target.kind === 'fail') return on !== undefined && !matchesExitCode(on, 'FAILED')
  return target.kind !== 'to' || !circle.includes(target.state)
}
