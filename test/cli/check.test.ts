import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { commandHere } from './command-here.ts'
import { FIXTURES, IN_MEMORY, JOBS, jsonOf } from './command.ts'

describe('batchwright check', () => {
  let folder: string
  let faulty: string

  before(async () => {
    folder = await mkdtemp(join(FIXTURES, 'check-'))
    faulty = join(folder, 'faulty.ts')
    await writeFile(
      faulty,
      `import { defineJob } from 'batchwright'
import { z } from 'zod'
export const looping = defineJob({
  name: 'looping',
  parameters: z.object({}),
  steps: (step) => ({ a: step.tasklet(() => {}), b: step.tasklet(() => {}), c: step.tasklet(() => {}) }),
  flow: ({ flow }) => flow('a', { a: 'b', b: 'a' }),
})
export const sound = defineJob({ name: 'sound', parameters: z.object({}), steps: (step) => ({ a: step.tasklet(() => {}) }) })
`,
    )
  })
  after(() => rm(folder, { recursive: true, force: true }))

  it('ends with 0 where there is nothing to report, without a repository', async () => {
    const { exitCode, stdout } = await commandHere(['check', '--jobs', JOBS, ...IN_MEMORY])
    expect(exitCode).to.equal(0)
    expect(stdout).to.match(/^nothing to report of careless, count, /)
  })

  it('ends with 2, and names every fault', async () => {
    const { exitCode, stdout } = await commandHere(['check', '--jobs', faulty, ...IN_MEMORY])
    expect(exitCode).to.equal(2)
    expect(stdout.trimEnd().split('\n')).to.deep.equal([
      'job looping: flow: the loop a → b → a has no way out but a failure',
      'job looping: flow: step c is never come to',
    ])
  })

  it('checks one job alone, and knows the nearest name of another', async () => {
    const one = await commandHere(['check', 'sound', '--json', '--jobs', faulty, ...IN_MEMORY])
    expect(one.exitCode).to.equal(0)
    expect(jsonOf(one)).to.deep.equal({ jobs: ['sound'], faults: [] })
    const other = await commandHere(['check', 'sund', '--jobs', faulty, ...IN_MEMORY])
    expect(other.exitCode).to.equal(2)
    expect(other.stderr).to.contain('Did you mean sound?')
  })
})

describe('batchwright describe', () => {
  it('draws the flow with --mermaid, and has it as data with --json', async () => {
    const drawn = await commandHere(['describe', 'count', '--mermaid', '--jobs', JOBS, ...IN_MEMORY])
    expect(drawn.stdout.split('\n').slice(0, 5)).to.deep.equal([
      'flowchart TD',
      '  begin(("begin"))',
      '  s1["load"]',
      '  s2["report"]',
      '  s1 --> s2',
    ])
    const described = jsonOf(await commandHere(['describe', 'count', '--json', '--jobs', JOBS, ...IN_MEMORY]))
    expect(described['flow']).to.deep.equal({
      start: 'load',
      states: {
        load: { kind: 'step', transitions: [], next: { kind: 'to', state: 'report' } },
        report: { kind: 'step', transitions: [], next: null },
      },
    })
  })
})
