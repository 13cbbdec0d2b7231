import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { BATCH_ERRORS } from '../src/core/model/batch-error.ts'

describe('docs/errors.md', () => {
  it('lists every code with its exit code, and no other', () => {
    const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \|.*\| (\d+) \|$/gm)
    const documented = Object.fromEntries(
      [...rows].map(([, code = '', exitCode]) => [code, { exitCode: Number(exitCode) }]),
    )
    expect(documented).to.deep.equal(BATCH_ERRORS)
  })
})
