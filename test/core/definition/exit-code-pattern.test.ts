import { expect } from 'chai'
import { compareSpecificity, matchesExitCode } from '../../../src/core/definition/exit-code-pattern.ts'

describe('A pattern of exit codes', () => {
  it('matches the whole code: * any characters, ? one', () => {
    const matching: readonly (readonly [string, string])[] = [
      ['COMPLETED', 'COMPLETED'],
      ['*', ''],
      ['*', 'two\nlines'],
      ['COMPLETED*', 'COMPLETED WITH SKIPS'],
      ['?OO', 'FOO'],
      ['?', '𝄞'],
      ['A.(B)[c]', 'A.(B)[c]'],
      ['C*T*', 'COMPLETED'],
    ]
    for (const [pattern, code] of matching) expect(matchesExitCode(pattern, code), pattern).to.equal(true)
    const other: readonly (readonly [string, string])[] = [
      ['COMPLETED', 'COMPLETED WITH SKIPS'],
      ['COMPLETED', 'completed'],
      ['?', ''],
      ['F?', 'FOO'],
      ['A.B', 'AxB'],
      ['', 'A'],
    ]
    for (const [pattern, code] of other) expect(matchesExitCode(pattern, code), pattern).to.equal(false)
  })

  it("is tried in the order that Spring Batch's documentation gives", () => {
    const documented = ['bar', 'foo', 'fo?', 'bar??', 'foo??', '?0?', '???', '*foo*', '*f*', 'foo*', '*']
    for (const [index, pattern] of documented.entries())
      for (const later of documented.slice(index + 1))
        expect(compareSpecificity(pattern, later), `${pattern} before ${later}`).to.be.below(0)
  })
})
