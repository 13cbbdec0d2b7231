/** What a flow must take, and each mistake that it must not, reported where it was made. This file is compiled, never run. */
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { exitStatus } from '../../src/core/model/exit-status.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import type { StepListener } from '../../src/core/ports/listeners.ts'
import type { StepFactory } from '../../src/core/definition/step-factory.ts'

declare const trades: ItemReader<{ readonly quantity: number }>
declare const tradeTable: ItemWriter<{ readonly quantity: number }>
declare const anyListener: StepListener

const parameters = z.object({ limit: z.int() })
type Parameters = z.output<typeof parameters>

function steps(step: StepFactory<Parameters>) {
  return {
    load: step.chunk(
      { size: 10, exitCodes: ['NOTHING FOUND'] },
      {
        reader: trades,
        writer: tradeTable,
        listeners: [
          {
            afterStep: ({ readCount }) => (readCount === 0 ? exitStatus('NOTHING FOUND') : undefined),
          },
        ],
      },
    ),
    verify: step.tasklet(({ parameters: { limit } }) =>
      limit > 3 ? { exitStatus: exitStatus('TOO MANY') } : 'done',
    ),
    repair: step.tasklet({ exitCodes: ['HALF DONE'] }, () => ({ exitStatus: exitStatus('HALF DONE') })),
    listened: step.tasklet({ listeners: [anyListener] }, () => 'done'),
    report: step.tasklet(() => undefined),
  }
}

export const everythingInferred = defineJob({
  name: 'everything',
  parameters,
  steps,
  flow: ({ flow, decide, split, nested, end, fail, stop }) => {
    const mending = flow('verify', {
      verify: { 'TOO MANY': 'repair', '*': end('FINE') },
      repair: { 'HALF DONE': end('HALF'), FAILED: fail() },
    })
    return flow('load', {
      load: { COMPLETED: 'size', 'NOTHING FOUND': end('EMPTY'), '*': fail() },
      size: decide(
        ({ parameters: { limit }, stepExecution }) =>
          stepExecution?.readCount === limit ? 'LARGE' : 'SMALL',
        {
          LARGE: 'both',
          SMALL: stop({ restartAt: 'report', exitCode: 'WAITING' }),
        },
      ),
      both: split({ left: ['repair', 'verify'], right: mending }, { HALF: 'report', 'FINE*': 'mended' }),
      mended: nested(mending, { FINE: 'report', 'H?LF': fail(), '*': 'listened' }),
      listened: { 'whatever a listener may say': 'report', '*': 'report' },
      report: 'load',
    })
  },
})

export const anyAnswer = defineJob({
  name: 'any',
  parameters,
  steps,
  flow: ({ flow, decide, end }) =>
    flow('ask', {
      ask: decide(async ({ parameters: { limit } }) => String(limit), { A: 'load', '*': end() }),
    }),
})

export const mistakes = defineJob({
  name: 'mistakes',
  parameters,
  steps,
  flow: ({ flow, decide, split, nested, end, stop }) => {
    // @ts-expect-error there is no step or state of this name to begin with
    flow('lod', { load: 'verify' })
    flow('load', {
      load: {
        // @ts-expect-error there is no such target
        COMPLETED: 'verfy',
        // @ts-expect-error this step never ends so
        'TOO MANY': 'verify',
        // @ts-expect-error a misspelt exit code
        COMPLETD: 'verify',
      },
      // @ts-expect-error there is no such target
      verify: 'lod',
      report: {
        // @ts-expect-error there is no state at which to restart
        COMPLETED: stop({ restartAt: 'lod' }),
        // @ts-expect-error neither a name nor an end
        FAILED: 7,
      },
    })
    // @ts-expect-error a state that is no step must be a decision, a split or a flow
    flow('own', { own: { COMPLETED: 'load' } })
    flow('ask', {
      // @ts-expect-error the answer SMALL leads nowhere
      ask: decide(({ parameters: { limit } }) => (limit > 3 ? 'LARGE' : 'SMALL'), { LARGE: 'load' }),
    })
    flow('ask', {
      ask: decide(() => 'SMALL' as const, {
        SMALL: 'load',
        // @ts-expect-error this is never answered
        HUGE: 'verify',
      }),
    })
    flow('ask', {
      // @ts-expect-error there is no such target
      ask: decide(() => 'SMALL' as const, { SMALL: 'lod' }),
    })
    flow('ask', {
      // @ts-expect-error the parameters have no such name
      ask: decide(({ parameters: { limits } }) => (limits > 3 ? 'A' : 'B'), { A: 'load', B: 'report' }),
    })
    flow('both', {
      // @ts-expect-error there is no such step
      both: split({ left: ['load', 'verfy'] }, 'report'),
    })
    flow('both', {
      both: split(
        { left: ['load'] },
        {
          // @ts-expect-error a branch of steps ends as COMPLETED or FAILED
          'NOTHING FOUND': 'report',
        },
      ),
    })
    const inner = flow('load', { load: { '*': end('DONE') } })
    flow('inner', {
      inner: nested(inner, {
        DONE: 'report',
        // @ts-expect-error this flow never ends so
        FINISHED: 'report',
      }),
    })
    return inner
  },
})

export const undeclared = defineJob({
  name: 'undeclared',
  parameters,
  steps: (step) => ({
    tasklet: step.tasklet(
      { exitCodes: ['HALF DONE'] },
      // @ts-expect-error exitCodes does not declare it
      () => ({ exitStatus: exitStatus('HALV DONE') }),
    ),
    standard: step.tasklet({ exitCodes: ['HALF DONE'] }, () => ({ exitStatus: exitStatus('COMPLETED') })),
    listener: step.chunk(
      { size: 10, exitCodes: ['NOTHING FOUND'] },
      // @ts-expect-error exitCodes does not declare it
      {
        reader: trades,
        writer: tradeTable,
        listeners: [{ afterStep: () => exitStatus('NOTHING') }],
      },
    ),
  }),
})

export const parent = defineJob({
  name: 'parent',
  parameters,
  steps: (step) => ({
    child: step.job(everythingInferred, { parameters: ({ parameters: { limit } }) => ({ limit }) }),
    declared: step.job(everythingInferred, { parameters: () => ({ limit: 1 }), exitCodes: ['FINE'] }),
    wrong: step.job(everythingInferred, {
      // @ts-expect-error the other job's limit is a number
      parameters: () => ({ limit: 'three' }),
    }),
    missing: step.job(
      everythingInferred,
      // @ts-expect-error the other job has a parameter
      {},
    ),
  }),
  flow: ({ flow }) =>
    flow('child', {
      child: { 'whatever it ends with': 'declared', '*': 'declared' },
      declared: {
        FINE: 'wrong',
        // @ts-expect-error it does not declare this
        BAD: 'wrong',
      },
    }),
})

/** The steps within `defineJob`, where its return type asks for steps of any exit code. */
defineJob({
  name: 'inline',
  parameters,
  steps: (step) => ({
    chunk: step.chunk({ size: 10 }, { reader: trades, writer: tradeTable }),
    nothing: step.tasklet(() => {}),
    listened: step.tasklet({ listeners: [{ afterStep: () => exitStatus('HEARD') }] }, async () => {}),
  }),
  flow: ({ flow, split, nested }) => {
    flow('chunk', {
      // @ts-expect-error a misspelt exit code of a chunk step
      chunk: { COMPLETD: 'nothing' },
      // @ts-expect-error a misspelt exit code of a tasklet that answers nothing
      nothing: { COMPLETD: 'listened' },
      // @ts-expect-error a misspelt exit code of a listener
      listened: { HERD: 'nothing' },
    })
    return flow('chunk', {
      chunk: { COMPLETED: 'listened', FAILED: 'both' },
      listened: { HEARD: 'inner', 'H*': 'both' },
      both: split({ left: ['nothing'] }),
      inner: nested(flow('nothing', {})),
    })
  },
})
