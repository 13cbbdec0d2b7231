import { expect } from 'chai'
import { exitStatus } from '../../../../src/core/model/exit-status.ts'
import type { Flow } from '../../../../src/core/definition/flow-definition.ts'
import type { FlowFactory } from '../../../../src/core/definition/flow-factory.ts'
import type { Steps } from '../../../../src/core/definition/define-job.ts'
import { jobOf, testBatch } from '../../run-job.ts'

/** A flow as the generator makes it and the model reads it. */
interface Plan {
  readonly start: string
  readonly states: Readonly<Record<string, PlannedState>>
}
interface PlannedState {
  readonly kind: 'step' | 'decision' | 'split' | 'nested'
  readonly ways: Readonly<Record<string, string>>
  readonly inner: readonly Plan[]
}

/** `step` and `decision` names draw their words from here, one a turn. */
type Script = (name: string) => string

const WORDS = ['COMPLETED', 'COMPLETED', 'FAILED', 'FOO', 'FAB', 'BAR']
const PATTERNS = ['COMPLETED', 'FAILED', 'FOO', 'F*', 'F?O', '?A?', '*A*', 'F??', '*']

describe('Random flows', () => {
  it("end as a model of Spring Batch's rules says, execution by execution, until they are complete", async function () {
    this.timeout(60_000)
    for (let seed = 1; seed <= 400; seed += 1) {
      const plan = randomPlan(randomFrom(seed), 'p', 3)
      if (stepsOf(plan).length === 0) continue // a decision that ends the flow at once
      const [real, model] = [await runReally(plan, seed), runModel(plan, seed)]
      expect(real, `seed ${seed}: ${JSON.stringify(plan)}`).to.deep.equal(model)
    }
  })
})

async function runReally(plan: Plan, seed: number): Promise<readonly string[]> {
  const script = scriptOf(seed)
  const ran: string[] = []
  const job = jobOf(
    (step) =>
      Object.fromEntries(
        stepsOf(plan).map((name) => [
          name,
          step.tasklet(() => {
            ran.push(name)
            const word = script(name)
            if (word === 'FAILED') throw new Error(name)
            return { exitStatus: exitStatus(word) }
          }),
        ]),
      ),
    { flow: (factory) => flowOf(factory as unknown as FlowFactory<object, Steps>, plan, script) },
  )
  const { run } = testBatch()
  const said: string[] = []
  for (let turn = 0; turn < 6; turn += 1) {
    ran.length = 0
    const { execution } = await run(job)
    const { status, exitStatus: own } = execution
    said.push(`${status} ${own.exitCode} after ${ran.toSorted().join(' ')}`)
    if (status === 'COMPLETED') break
  }
  return said
}

function flowOf(factory: FlowFactory<object, Steps>, plan: Plan, script: Script): Flow {
  const { flow, decide, split, nested, end, fail, stop } = factory
  const ending = (target: string) => {
    if (target.startsWith('end')) return end(target.slice(4))
    if (target === 'fail') return fail()
    return target.startsWith('stop') ? stop(target === 'stop' ? {} : { restartAt: target.slice(5) }) : target
  }
  const states = Object.entries(plan.states).map(([name, { kind, ways, inner }]) => {
    const to = Object.fromEntries(Object.entries(ways).map(([on, target]) => [on, ending(target)]))
    const flows = inner.map((one) => flowOf(factory, one, script))
    if (kind === 'step') return [name, to]
    if (kind === 'decision') return [name, decide(() => script(name), to as never)]
    if (kind === 'nested') return [name, nested(flows[0] as Flow, to)]
    return [name, split(Object.fromEntries(flows.map((one, index) => [`b${index}`, one])), to)]
  })
  return flow(plan.start, Object.fromEntries(states) as never)
}

interface Outcome {
  readonly status: 'COMPLETED' | 'FAILED' | 'STOPPED'
  readonly code: string
  readonly failed: readonly string[]
}

/** As the documentation has it, written without a look at the engine. */
function runModel(plan: Plan, seed: number): readonly string[] {
  const script = scriptOf(seed)
  const settled = new Map<string, Outcome>()
  const begin = new Map<string, string>()
  let ran: string[] = []

  const step = (name: string): Outcome => {
    const before = settled.get(name)
    if (before !== undefined) return { ...before, failed: [] }
    ran.push(name)
    const code = script(name)
    const failed = code === 'FAILED'
    const outcome: Outcome = { status: failed ? 'FAILED' : 'COMPLETED', code, failed: failed ? [name] : [] }
    if (!failed) settled.set(name, outcome)
    return outcome
  }
  const deal = (outcome: Outcome) => {
    for (const name of outcome.failed) settled.set(name, { status: 'FAILED', code: 'FAILED', failed: [] })
  }
  const visit = (state: PlannedState, name: string, path: string): Outcome => {
    if (state.kind === 'step') return step(name)
    if (state.kind === 'decision') return { status: 'COMPLETED', code: script(name), failed: [] }
    const outcomes = state.inner.map((one, index) =>
      walk(one, state.kind === 'nested' ? path : `${path}/b${index}`),
    )
    const worst = (['FAILED', 'STOPPED', 'COMPLETED'] as const).find((status) =>
      outcomes.some((one) => one.status === status),
    )
    const codes = outcomes.filter(({ status }) => status === worst).map(({ code }) => code)
    return {
      status: worst ?? 'COMPLETED',
      code: codes.reduce((one, other) => (weight(other) > weight(one) ? other : one)),
      failed: outcomes.flatMap(({ failed }) => failed),
    }
  }
  const walk = (flow: Plan, path: string): Outcome => {
    let name = begin.get(path) ?? flow.start
    for (;;) {
      const state: PlannedState = flow.states[name] ?? { kind: 'step', ways: {}, inner: [] }
      const outcome = visit(state, name, path === '' ? name : `${path}/${name}`)
      if (outcome.status === 'STOPPED') return outcome
      const [on] = PATTERNS_BY_RANK.filter((pattern) => pattern in state.ways && fits(pattern, outcome.code))
      const target = on === undefined ? undefined : state.ways[on]
      if (target === undefined) return outcome
      if (target === 'fail') return { ...outcome, status: 'FAILED', code: 'FAILED' }
      if (target === 'stop') return { ...outcome, status: 'STOPPED', code: 'STOPPED' }
      deal(outcome)
      if (target.startsWith('end')) return { status: 'COMPLETED', code: target.slice(4), failed: [] }
      if (target.startsWith('stop')) {
        begin.set(path, target.slice(5))
        return { status: 'STOPPED', code: 'STOPPED', failed: [] }
      }
      name = target
    }
  }
  const said: string[] = []
  for (let turn = 0; turn < 6; turn += 1) {
    ran = []
    const { status, code } = walk(plan, '')
    const nothing = status === 'COMPLETED' && ran.length === 0 && code === 'COMPLETED'
    said.push(`${status} ${nothing ? 'NOOP' : code} after ${ran.toSorted().join(' ')}`)
    if (status === 'COMPLETED') break
  }
  return said
}

/** Spring's order over the patterns that are used here, by hand. */
const PATTERNS_BY_RANK = ['COMPLETED', 'FAILED', 'FOO', 'F?O', '?A?', 'F??', '*A*', 'F*', '*']

const FITTING: Readonly<Record<string, readonly string[]>> = {
  'F?O': ['FOO'],
  '?A?': ['FAB', 'BAR'],
  'F??': ['FOO', 'FAB', 'FIN'],
  '*A*': ['FAB', 'BAR', 'FAILED'],
  'F*': ['FOO', 'FAB', 'FAILED', 'FIN'],
}

function fits(pattern: string, code: string): boolean {
  return pattern === '*' || pattern === code || FITTING[pattern]?.includes(code) === true
}

/** Codes of the author's own outrank COMPLETED; of two, the alphabetically greater. */
function weight(code: string): string {
  return code === 'COMPLETED' ? '' : code
}

function randomPlan(random: () => number, prefix: string, depth: number): Plan {
  const count = 2 + Math.floor(random() * 4)
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index}`)
  const states = names.map((name, index): [string, PlannedState] => {
    const kinds = depth > 1 ? (['step', 'step', 'decision', 'split', 'nested'] as const) : (['step'] as const)
    const kind = pick(random, kinds)
    const width = kind === 'split' ? 2 : kind === 'nested' ? 1 : 0
    const inner = Array.from({ length: width }, (_, at) => randomPlan(random, `${name}x${at}y`, depth - 1))
    const later = names.slice(index + 1)
    const on = PATTERNS.filter(() => random() < 0.3).concat(kind === 'decision' ? ['*'] : [])
    const ways = on.map((pattern) => [pattern, randomTarget(random, later)] as const)
    return [name, { kind, ways: Object.fromEntries(ways), inner }]
  })
  const plan = { start: names[0] ?? '', states: Object.fromEntries(states) }
  return { ...plan, states: reachable(plan) }
}

function randomTarget(random: () => number, later: readonly string[]): string {
  const roll = random()
  if (later.length === 0 || roll < 0.15) return pick(random, ['end COMPLETED', 'end FIN', 'fail'])
  return roll < 0.25 ? `stop ${pick(random, later)}` : pick(random, later)
}

/** What is never come to would be refused. */
function reachable({ start, states }: Plan): Plan['states'] {
  const found = [start]
  for (let at = 0; at < found.length; at += 1)
    for (const target of Object.values(states[found[at] ?? '']?.ways ?? {})) {
      const name = target.replace(/^stop /, '')
      if (name in states && !found.includes(name)) found.push(name)
    }
  return Object.fromEntries(Object.entries(states).filter(([name]) => found.includes(name)))
}

function stepsOf({ states }: Plan): readonly string[] {
  return Object.entries(states).flatMap(([name, { kind, inner }]) =>
    kind === 'step' ? [name] : inner.flatMap(stepsOf),
  )
}

/** The same words for the same name and turn, whatever else runs beside it. */
function scriptOf(seed: number): Script {
  const turns = new Map<string, number>()
  return (name) => {
    const turn = (turns.get(name) ?? 0) + 1
    turns.set(name, turn)
    const key = `${name}:${turn}`
      .split('')
      .reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, seed * 7919)
    return pick(randomFrom(key), WORDS)
  }
}

function pick<T>(random: () => number, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
