import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../../src/core/definition/define-job.ts'
import { fingerprintOf } from '../../../src/core/definition/fingerprint.ts'
import { nonIdentifying } from '../../../src/core/definition/parameter-kind.ts'
import type { JobOptions, Steps } from '../../../src/core/definition/define-job.ts'
import { listReader, listWriter } from '../items.ts'

const parameters = z.object({ file: z.string(), size: nonIdentifying(z.int()).default(500) })

function fingerprint(more: Partial<JobOptions<typeof parameters, Steps>> = {}, size = 500) {
  return fingerprintOf(
    defineJob({
      name: 'job',
      parameters,
      steps: (step): Steps => ({
        load: step.chunk({ size }, { reader: listReader([1]), writer: listWriter() }),
        report: step.tasklet(() => 'done'),
      }),
      ...more,
    }),
  )
}

describe('The fingerprint of a definition', () => {
  it('is plain JSON: parameters with their types, steps with their kinds, and where each leads', () => {
    const { flow, ...rest } = fingerprint()
    expect(rest).to.deep.equal({
      format: 1,
      parameters: { file: 'java.lang.String', size: 'java.lang.Long' },
      steps: [
        { name: 'load', kind: 'chunk-oriented' },
        { name: 'report', kind: 'a tasklet' },
      ],
    })
    expect(flow).to.deep.equal({
      sequential: true,
      states: { '': 'begins with load', load: 'else to report', report: 'else the end' },
    })
    expect(JSON.parse(JSON.stringify(fingerprint()))).to.deep.equal(fingerprint())
  })

  it('is the same whatever may be repaired without asking', () => {
    expect(fingerprint({ description: 'other', restartable: true, listeners: [{}] }, 20)).to.deep.equal(
      fingerprint(),
    )
    const described = z.object({ ...parameters.shape, file: z.string().min(3).describe('a path') })
    expect(fingerprint({ parameters: described as never })).to.deep.equal(fingerprint())
  })

  it('says of a flow where each of its states leads, those within others by their path', () => {
    const job = defineJob({
      name: 'job',
      parameters,
      steps: (step) => ({
        a: step.tasklet(() => 'done'),
        b: step.tasklet(() => 'done'),
        c: step.tasklet(() => 'done'),
        d: step.tasklet(() => 'done'),
      }),
      flow: ({ flow, decide, split, nested, end, fail, stop }) =>
        flow('a', {
          a: { COMPLETED: 'ask', FAILED: fail() },
          ask: decide(() => 'yes' as 'yes' | 'no', { yes: 'both', no: end('NOT NOW') }),
          both: split({ left: ['b'], right: ['c'] }, 'inner'),
          inner: nested(flow('d', { d: { '*': end() } }), { '*': stop({ restartAt: 'a' }) }),
        }),
    })
    expect(fingerprintOf(job).flow).to.deep.equal({
      sequential: false,
      states: {
        '': 'begins with a',
        a: 'on COMPLETED to ask, on FAILED fail, else the end',
        ask: 'a decision, on yes to both, on no end as NOT NOW, else the end',
        both: 'a split into left, right, else to inner',
        'both/left': 'begins with b',
        'both/left/b': 'else the end',
        'both/right': 'begins with c',
        'both/right/c': 'else the end',
        inner: 'a flow that begins with d, on * stop as STOPPED and restart at a, else the end',
        'inner/d': 'on * end as COMPLETED, else the end',
      },
    })
  })
})
