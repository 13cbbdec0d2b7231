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

/** Of arguments without options of mocha's. */
function filesOf(args: readonly string[]): readonly string[] {
  const isIgnored = (at: number) => args[at - 1] === '--ignore'
  const spec = args.filter((arg, at) => arg !== '--ignore' && !isIgnored(at))
  const ignore = args.filter((_, at) => isIgnored(at))
  return collectFiles({ extension: ['js'], file: [], recursive: false, sort: false, spec, ignore }).files
}

describe('The halves of npm test', () => {
  it('have each test file in one of them', () => {
    const taken = mochaHalves([]).flatMap(filesOf)
    expect(taken.toSorted()).to.deep.equal(filesOf(['dist/test/**/*.test.js']).toSorted())
  })

  it('are both large', () => {
    for (const args of mochaHalves([])) expect(filesOf(args).length).to.be.greaterThan(20)
  })

  it('are given the same options', () => {
    for (const args of mochaHalves(['--grep', 'keeps']))
      expect(args.slice(-2)).to.deep.equal(['--grep', 'keeps'])
  })
})
