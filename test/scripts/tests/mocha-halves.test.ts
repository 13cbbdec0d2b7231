import { createRequire } from 'node:module'
import { expect } from 'chai'
import { mochaHalves } from '../../../scripts/tests/mocha-halves.ts'

interface Collected {
  readonly files: readonly string[]
}

/** What mocha itself makes of its arguments. */
const collectFiles = createRequire(import.meta.url)('mocha/lib/cli/collect-files.cjs') as (
  options: object,
) => Collected

function filesOf(spec: readonly string[], ignore: readonly string[] = []): readonly string[] {
  return collectFiles({ extension: ['js'], file: [], recursive: false, sort: false, spec, ignore }).files
}

describe('The halves of npm test', () => {
  const halves = mochaHalves(['--grep', 'keeps'])

  it('have each test file in one of them', () => {
    const taken = halves.flatMap(([spec = '', option, ignored = '']) =>
      filesOf([spec], option === '--ignore' ? [ignored] : []),
    )
    expect(taken.toSorted()).to.deep.equal(filesOf(['dist/test/**/*.test.js']).toSorted())
  })

  it('are both large', () => {
    for (const [spec = ''] of halves) expect(filesOf([spec]).length).to.be.greaterThan(20)
  })

  it('are given the same options', () => {
    for (const args of halves) expect(args.slice(-2)).to.deep.equal(['--grep', 'keeps'])
  })
})
