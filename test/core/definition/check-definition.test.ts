import { expect } from 'chai'
import { z } from 'zod'
import { checkDefinition } from '../../../src/core/definition/check-definition.ts'
import { defineJob, type JobOptions, type Steps } from '../../../src/core/definition/define-job.ts'
import type { ChunkOptions, StepOptions } from '../../../src/core/definition/step-definition.ts'
import { listReader, listWriter } from '../items.ts'

type AnyOptions = JobOptions<z.ZodObject, Steps>

const LONG = 'x'.repeat(101)
const UNRECORDED =
  'its type cannot be recorded. Use a string, enum, number, bigint, boolean, date or date-time; end a transform with .pipe(z.string()) or the like'

/** The faults of a job that has none but what is given. */
function faultsOf(job: Partial<AnyOptions>): readonly string[] {
  return checkDefinition(
    defineJob<z.ZodObject, Steps>({
      name: 'job',
      parameters: z.object({ file: z.string() }),
      steps: (step) => ({ load: step.tasklet(() => {}) }),
      ...job,
    }),
  )
}

function faultsOfTasklet(options: StepOptions, name = 'load'): readonly string[] {
  return faultsOf({ steps: (step) => ({ [name]: step.tasklet(options, () => {}) }) })
}

function faultsOfChunk(options: Partial<ChunkOptions<unknown>>): readonly string[] {
  const pipeline = { reader: listReader([1]), writer: listWriter<number>() }
  return faultsOf({ steps: (step) => ({ load: step.chunk({ size: 10, ...options }, pipeline) }) })
}

describe('A definition is refused for', () => {
  it('nothing when it is sound', () => {
    expect(faultsOf({ exitCodes: { 'COMPLETED WITH SKIPS': 10, ODD: 79 } })).to.deep.equal([])
    expect(faultsOfTasklet({ startLimit: 1 }, 'x'.repeat(100))).to.deep.equal([])
    expect(faultsOf({ name: '𝄞'.repeat(100) }), 'counted as Postgres counts').to.deep.equal([])
    expect(faultsOfChunk({ size: 1, concurrency: 1 })).to.deep.equal([])
    expect(faultsOfChunk({ size: () => 0 })).to.deep.equal([])
  })

  it('a job name that is empty or too long', () => {
    expect(faultsOf({ name: ' ' })).to.deep.equal(['the job has no name'])
    expect(faultsOf({ name: LONG })).to.deep.equal([
      'the name has 101 characters; at most 100 can be recorded',
    ])
  })

  it('a parameter whose name is too long or whose type cannot be recorded', () => {
    expect(faultsOf({ parameters: z.object({ [LONG]: z.string() }) })).to.deep.equal([
      `parameter ${LONG}: the name has more than 100 characters`,
    ])
    for (const type of [z.object({}), z.array(z.string()), z.string().transform((text) => text.length)])
      expect(faultsOf({ parameters: z.object({ of: type }) })).to.deep.equal([`parameter of: ${UNRECORDED}`])
  })

  it('parameters that take any key', () => {
    const loose = 'parameters: a loose object would record keys of unknown types; name every parameter'
    expect(faultsOf({ parameters: z.looseObject({}) })).to.deep.equal([loose])
    expect(faultsOf({ parameters: z.object({}).catchall(z.string()) })).to.deep.equal([loose])
    expect(faultsOf({ parameters: z.strictObject({}) })).to.deep.equal([])
  })

  it('having no steps', () => {
    expect(faultsOf({ steps: () => ({}) })).to.deep.equal(['the job has no steps'])
  })

  it('a step name that is empty, too long, or a whole number', () => {
    expect(faultsOfTasklet({}, ' ')).to.deep.equal(['step  : it has no name'])
    expect(faultsOfTasklet({}, LONG)).to.deep.equal([
      `step ${LONG}: the name has 101 characters; at most 100 can be recorded`,
    ])
    expect(faultsOfTasklet({}, '7')).to.deep.equal([
      'step 7: JavaScript moves keys that are whole numbers to the front, so the order would not be yours; add a letter',
    ])
  })

  it('a start limit, a size or a concurrency that is no whole number from 1 on', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, Infinity]) {
      const rest = `is ${wrong}; it must be a whole number from 1 on`
      expect(faultsOfTasklet({ startLimit: wrong })).to.deep.equal([`step load: startLimit ${rest}`])
      expect(faultsOfChunk({ size: wrong })).to.deep.equal([`step load: size ${rest}`])
      expect(faultsOfChunk({ concurrency: wrong })).to.deep.equal([`step load: concurrency ${rest}`])
    }
  })

  it('a process exit code outside of its own range', () => {
    for (const code of [9, 80, 10.5])
      expect(faultsOf({ exitCodes: { ODD: code } })).to.deep.equal([
        `exitCodes: ODD is ${code}; a job's own process exit codes go from 10 to 79`,
      ])
  })

  it('all its faults at once', () => {
    expect(faultsOf({ name: '', steps: () => ({}), exitCodes: { ODD: 1 } })).to.have.lengthOf(3)
  })
})
