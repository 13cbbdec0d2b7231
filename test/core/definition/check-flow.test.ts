import { expect } from 'chai'
import { z } from 'zod'
import { checkDefinition } from '../../../src/core/definition/check-definition.ts'
import { defineJob, type Steps } from '../../../src/core/definition/define-job.ts'
import type { Flow } from '../../../src/core/definition/flow-definition.ts'
import type { FlowFactory } from '../../../src/core/definition/flow-factory.ts'

type Loose = FlowFactory<object, Steps>

/** The faults of a flow over the steps a, b, c, and whatever else is named, as a JavaScript author may write it. */
function faultsOf(
  flow: (factory: Loose) => Flow,
  names: readonly string[] = ['a', 'b', 'c'],
): readonly string[] {
  return checkDefinition(
    defineJob<z.ZodObject, Steps>({
      name: 'job',
      parameters: z.object({}),
      steps: (step) =>
        Object.fromEntries(
          names.map((name) => [
            name,
            step.tasklet(name === 'declared' ? { exitCodes: ['MORE'] } : {}, () => {}),
          ]),
        ),
      flow: flow as never,
    }),
  )
}

describe('A flow is refused for', () => {
  it('nothing when it is sound', () => {
    const sound = faultsOf(({ flow, decide, split, nested, end, fail, stop }) => {
      const inner = flow('b', { b: { FAILED: end('GIVEN UP'), '*': end() } })
      return flow('a', {
        a: { COMPLETED: 'ask', '*': fail() },
        ask: decide(() => 'x' as string, { x: 'both', y: stop(), '*': 'inner' }),
        both: split({ left: ['b'], right: ['c'] }, { '*': stop({ restartAt: 'a' }) }),
        inner: nested(inner, 'a'),
      })
    })
    expect(sound).to.deep.equal([])
  })

  it('beginning with, leading to, or restarting at what is not there', () => {
    expect(faultsOf(({ flow }) => flow('x', {}), ['a'])).to.deep.equal([
      'flow: it begins with x, which is no step or state',
      'flow: step a is never come to',
    ])
    expect(
      faultsOf(({ flow, stop }) => flow('a', { a: { A: 'x', '*': stop({ restartAt: 'y' }) } }), ['a']),
    ).to.deep.equal([
      'flow: state a leads to x, which is no step or state',
      'flow: state a leads to y, which is no step or state',
    ])
    expect(faultsOf(({ flow }) => flow('a', { a: 'b', x: 'a', b: {} }), ['a', 'b'])).to.deep.equal([
      'flow: state x is no step',
      'flow: state x is never come to',
    ])
  })

  it('steps and states that are never come to, in flows within it too', () => {
    expect(faultsOf(({ flow }) => flow('a', { a: 'b', c: 'b' }))).to.deep.equal([
      'flow: state c is never come to',
      'flow: step c is never come to',
    ])
    const inner = faultsOf(({ flow, split }) =>
      flow('both', { both: split({ left: flow('a', { b: 'a' }), right: ['c'] }, {}) }),
    )
    expect(inner).to.deep.equal(['flow both/left: state b is never come to', 'flow: step b is never come to'])
  })

  it('loops that only a failure ends', () => {
    expect(faultsOf(({ flow }) => flow('a', { a: 'b', b: 'c', c: 'b' }))).to.deep.equal([
      'flow: the loop b → c → b has no way out but a failure',
    ])
    expect(faultsOf(({ flow, fail }) => flow('a', { a: { FAILED: fail(), '*': 'a' } }), ['a'])).to.deep.equal(
      ['flow: the loop a → a has no way out but a failure'],
    )
    expect(
      faultsOf(
        ({ flow, decide }) => flow('x', { x: decide(() => 'y' as 'y' | 'z', { y: 'a', z: 'x' }), a: 'x' }),
        ['a'],
      ),
    ).to.deep.equal(['flow: the loop x → a → x has no way out but a failure'])
  })

  it('no loop that something ends', () => {
    for (const flow of [
      ({ flow: make, decide, end }: Loose) =>
        make('a', { a: 'x', x: decide(() => 'y' as 'y' | 'z', { y: 'a', z: end() }) }),
      ({ flow: make }: Loose) => make('a', { a: { MORE: 'a' } }),
      ({ flow: make, stop }: Loose) => make('a', { a: stopping(stop({ restartAt: 'a' })) }),
      ({ flow: make, end }: Loose) => make('a', { a: { FAILED: end(), '*': 'a' } }),
      ({ flow: make, fail }: Loose) => make('a', { a: { 'TOO MANY': fail(), '*': 'a' } }),
    ])
      expect(faultsOf(flow, ['a'])).to.deep.equal([])
  })

  it('a stop that every restart would come to again', () => {
    expect(faultsOf(({ flow, stop }) => flow('a', { a: { COMPLETED: stop() } }), ['a'])).to.deep.equal([
      'flow: state a stops when it has COMPLETED, and would stop there again on each restart: give a restartAt',
    ])
  })

  it('exit codes that a step never ends with, and patterns that match the same', () => {
    const never = faultsOf(
      ({ flow, end }) => flow('declared', { declared: { MOR: end(), MORE: end(), 'M*': end() } }),
      ['declared'],
    )
    expect(never).to.deep.equal(['flow: state declared: its step never ends with MOR'])
    expect(faultsOf(({ flow, end }) => flow('a', { a: { '*': end(), '**': end() } }), ['a'])).to.deep.equal([
      'flow: state a: ** and * match the same exit codes',
    ])
    expect(
      faultsOf(({ flow, end }) => flow('a', { a: { 'A?*': end(), 'A*?': end() } }), ['a']),
    ).to.deep.equal(['flow: state a: A*? and A?* match the same exit codes'])
  })

  it('splits without branches, without steps, or with a step twice', () => {
    const of = (branches: Readonly<Record<string, readonly string[]>>) =>
      faultsOf(({ flow, split }) => flow('x', { x: split(branches, 'a') }), ['a'])
    expect(of({})).to.deep.equal(['flow: split x has no branches'])
    expect(of({ left: [] })).to.deep.equal(['flow x/left: it has no steps'])
    expect(of({ left: ['a'], right: ['a'] })).to.deep.equal([
      'flow: split x: step a is in more than one branch, and would run beside itself',
    ])
    expect(of({ 'left/right': ['a'] })).to.deep.equal([
      'flow: split x: the name of branch left/right cannot hold a slash',
    ])
  })

  it('states whose names are those of steps', () => {
    expect(
      faultsOf(({ flow, decide, end }) => flow('a', { a: decide(() => 'x', { x: end() }) } as never), ['a']),
    ).to.deep.equal(['flow: state a has the name of a step; choose another', 'flow: step a is never come to'])
  })

  it('nothing when it has a hundred steps in their order, and is checked in no time', () => {
    const names = Array.from({ length: 300 }, (_, index) => `step${index}`)
    const begun = performance.now()
    expect(faultsOf(undefined as never, names)).to.deep.equal([])
    expect(performance.now() - begun).to.be.below(1000)
  })
})

function stopping(stop: unknown): never {
  return { '*': stop } as never
}
