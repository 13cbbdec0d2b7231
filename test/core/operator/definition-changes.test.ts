import { expect } from 'chai'
import type { BatchStatus } from '../../../src/core/model/batch-status.ts'
import type {
  DefinitionFingerprint,
  StepFingerprint,
} from '../../../src/core/model/definition-fingerprint.ts'
import { definitionChanges } from '../../../src/core/operator/definition-changes.ts'

const chunk = (name: string, traits?: Record<string, string>): StepFingerprint => ({
  name,
  kind: 'chunk-oriented',
  ...(traits && { traits }),
})
const tasklet = (name: string): StepFingerprint => ({ name, kind: 'a tasklet' })
const definition = (
  steps: readonly StepFingerprint[],
  parameters: Record<string, string> = {},
): DefinitionFingerprint => ({
  format: 1,
  parameters,
  steps,
  flow: { sequential: true, states: {} },
})

/** Of an instance in which `extract` is done, `load` has failed and `verify` has not begun. */
function changes(
  was: readonly StepFingerprint[],
  is: readonly StepFingerprint[],
  statuses: Readonly<Record<string, BatchStatus>> = { extract: 'COMPLETED', load: 'FAILED' },
): readonly string[] {
  return definitionChanges(definition(was), definition(is), new Map(Object.entries(statuses)))
}

describe('The changes of a definition', () => {
  const [extract, load, verify] = [tasklet('extract'), chunk('load'), chunk('verify')]
  const was = [extract, load, verify]

  it('are none where nothing was changed', () => {
    expect(changes(was, was)).to.deep.equal([])
  })

  it('name a step that was removed before its work was done', () => {
    expect(changes(was, [load])).to.deep.equal(['step verify was removed'])
    expect(changes(was, [extract, verify])).to.deep.equal(['step load was removed'])
  })

  it('name a step that was added before what has begun, as a renamed one is; behind it a step may be added', () => {
    expect(changes(was, [tasklet('fetch'), load, verify])).to.deep.equal([
      'step fetch was added before step load, which has begun',
    ])
    expect(changes(was, [extract, load, chunk('mend'), verify, chunk('report')])).to.deep.equal([])
  })

  it('name another order', () => {
    expect(changes(was, [extract, verify, load])).to.deep.equal([
      'the order of the steps was extract, load, verify, is extract, verify, load',
    ])
  })

  it('name another kind of a step that is half done, and of no other', () => {
    expect(changes(was, [extract, tasklet('load'), verify])).to.deep.equal([
      'step load: was chunk-oriented, is a tasklet',
    ])
    expect(changes(was, [chunk('extract'), load, tasklet('verify')])).to.deep.equal([])
  })

  it('name what else a half-done step relies on', () => {
    const [ranges, files] = [{ partitioner: 'ranges' }, { partitioner: 'files' }]
    expect(changes([chunk('load', ranges)], [chunk('load', files)])).to.deep.equal([
      'step load: partitioner was ranges, is files',
    ])
    expect(changes([chunk('load', ranges)], [chunk('load')])).to.deep.equal([
      'step load: partitioner was ranges, is not set',
    ])
    expect(changes([chunk('load', ranges)], [chunk('load', files)], {})).to.deep.equal([])
  })

  describe('in a flow', () => {
    const STEPS = [tasklet('load'), tasklet('verify'), tasklet('notify')]
    const WAS = {
      '': 'begins with load',
      load: 'on COMPLETED to verify, on FAILED to notify, else the end',
      verify: 'else the end',
      ask: 'a decision, on yes to notify, else the end',
    }
    const flowChanges = (change: Partial<typeof WAS>, statuses: Readonly<Record<string, BatchStatus>>) => {
      const of = (states: Record<string, string>) => ({
        ...definition(STEPS),
        flow: { sequential: false, states },
      })
      return definitionChanges(of(WAS), of({ ...WAS, ...change }), new Map(Object.entries(statuses)))
    }

    it('name where the path that was taken leads elsewhere now', () => {
      expect(
        flowChanges({ load: 'on COMPLETED to notify, else the end' }, { load: 'COMPLETED' }),
      ).to.deep.equal([
        'flow, behind load: was on COMPLETED to verify, on FAILED to notify, else the end, is on COMPLETED to notify, else the end',
      ])
      expect(flowChanges({ '': 'begins with verify' }, { load: 'FAILED' })).to.deep.equal([
        'flow: was begins with load, is begins with verify',
      ])
      expect(flowChanges({ ask: 'a decision, else the end' }, { load: 'FAILED' })).to.have.length(1)
    })

    it('are none in what is still to come', () => {
      expect(flowChanges({ load: 'else to verify' }, { load: 'FAILED' })).to.deep.equal([])
      expect(flowChanges({ verify: 'else to notify' }, { load: 'COMPLETED' })).to.deep.equal([])
      expect(flowChanges({ ask: 'a decision, else the end', '': 'begins with verify' }, {})).to.deep.equal([])
    })
  })

  it('name a parameter of another type; one more or less is no change', () => {
    const types = { file: 'java.lang.String', size: 'java.lang.Long' }
    const found = definitionChanges(
      definition([], types),
      definition([], { file: 'java.lang.String', size: 'java.lang.Double', day: 'java.time.LocalDate' }),
      new Map(),
    )
    expect(found).to.deep.equal(['parameter size: was java.lang.Long, is java.lang.Double'])
    expect(definitionChanges(definition([], types), definition([]), new Map())).to.deep.equal([])
  })
})
