import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { z } from 'zod'
import { loadModule } from '../../src/process/load-modules.ts'
import { BatchError } from '../../src/core/model/batch-error.ts'

const JOBS = `
import { BatchError, defineJob } from 'batchwright'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { named } from 'old-package'
import data from './data.json' with { type: 'json' }
import { Colour, Point } from './shapes.js'
import { size, type Size } from './size.ts'

const awaited = await Promise.resolve('awaited')
const sizes: Size[] = [size]

export const copies = { BatchError, z }
export const here = import.meta.dirname
export const lazy = async () => (await import('./lazy.ts')).late
export const values = [named, data.a, Colour.Red, new Point(3).x, sizes[0], awaited, typeof readFileSync]
export default defineJob({ name: 'n', parameters: z.object({}), steps: (step) => ({ s: step.tasklet(() => {}) }) })
`

describe('The loader of config and job files', () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'batchwright-loader-'))
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  const project = (name: string, packageJson: object): string => {
    const folder = join(root, name)
    mkdirSync(join(folder, 'node_modules/old-package'), { recursive: true })
    symlinkSync(resolve('.'), join(folder, 'node_modules/batchwright'))
    symlinkSync(resolve('node_modules/zod'), join(folder, 'node_modules/zod'))
    writeFileSync(join(folder, 'node_modules/old-package/index.js'), 'exports.named = 7')
    const files = {
      'package.json': JSON.stringify(packageJson),
      'jobs.ts': JOBS,
      'data.json': '{ "a": 1 }',
      'lazy.ts': 'export const late: string = "late"',
      'shapes.ts':
        'export enum Colour { Red = "red" }\nexport class Point { constructor(readonly x: number) {} }',
      'size.ts': 'export type Size = number\nexport const size: Size = 5',
    }
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    return folder
  }

  const projects = [
    { name: 'esm', packageJson: { type: 'module' } },
    { name: 'no type, which Node takes for CommonJS', packageJson: {} },
    { name: 'ünïcode #1 100% プロジェクト', packageJson: { type: 'commonjs' } },
  ]
  for (const { name, packageJson } of projects) {
    it(`loads TypeScript with one copy of batchwright and zod: ${name}`, async () => {
      const folder = project(name, packageJson)
      const exported = await loadModule(join(folder, 'jobs.ts'))
      const { copies, values, here, lazy } = exported as {
        copies: { BatchError: unknown; z: unknown }
        values: unknown[]
        here: string
        lazy: () => Promise<string>
      }
      expect(copies.BatchError).to.equal(BatchError)
      expect(copies.z).to.equal(z)
      expect(values).to.deep.equal([7, 1, 'red', 3, 5, 'awaited', 'function'])
      expect(here).to.equal(folder)
      expect(await lazy()).to.equal('late')
      expect(exported['default']).to.have.property('kind', 'job')
    })
  }

  it('loads .mts, .cts, .mjs and .cjs', async () => {
    const folder = project('endings', {})
    const files = {
      'm.mts': 'export const value: number = 1',
      'c.cts':
        "const { z } = require('zod') as { z: object }\nmodule.exports = { value: z === undefined ? 0 : 1 }",
      'm.mjs': 'export const value = 1',
      'c.cjs': 'exports.value = 1',
    }
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(join(folder, file), text)
      expect(await loadModule(join(folder, file)), file).to.have.property('value', 1)
    }
  })

  it('names file, line and reason of what cannot be loaded', async () => {
    const folder = project('broken', {})
    const faults = [
      {
        file: 'syntax.ts',
        text: 'export const a = 1\nexport const b = (\n',
        said: /Unexpected token.*\n {2}at .*syntax\.ts:3:/,
      },
      {
        file: 'throws.ts',
        text: 'interface A { b: 1 }\n\nthrow new TypeError("no")',
        said: /TypeError: no\n {2}at .*throws\.ts:3:7/,
      },
      { file: 'nested.ts', text: 'import "./throws.ts"', said: /TypeError: no\n {2}at .*throws\.ts:3:7/ },
      {
        file: 'missing.ts',
        text: 'import "./nowhere.ts"',
        said: /Cannot find module '\.\/nowhere\.ts'\n {2}at .*missing\.ts/,
      },
      {
        file: 'package.ts',
        text: 'import "no-such"',
        said: /Cannot find module 'no-such'\n {2}at .*package\.ts/,
      },
    ]
    for (const { file, text, said } of faults) {
      writeFileSync(join(folder, file), text)
      const error = await loadModule(join(folder, file)).then(
        () => undefined,
        (caught: unknown) => caught as BatchError,
      )
      expect(error, file).to.have.property('code', 'INVALID_CONFIGURATION')
      expect(error?.message, file).to.match(said)
    }
  })
})
