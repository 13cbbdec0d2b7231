import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { BATCH_ERRORS, BatchError, type BatchErrorCode } from '../../src/core/model/batch-error.ts'
import { batchErrorProblem } from '../../src/http/batch-error-problem.ts'
import { PROBLEMS } from '../../src/http/problem.ts'

describe('The problems of the HTTP API', () => {
  it('stand in docs/http-api.md, each with its status, and no other', () => {
    const rows = readFileSync('docs/http-api.md', 'utf8').matchAll(/^\| (\d{3}) \| `([a-z-]+)` \|/gm)
    const documented = [...rows].map(([, status = '', code = '']) => `${status} ${code}`)
    expect(documented).to.deep.equal(
      Object.entries(PROBLEMS).map(([code, { status }]) => `${status} ${code}`),
    )
  })

  it('are never an error of the server where the caller could mend it', () => {
    for (const [code, { exitCode }] of Object.entries(BATCH_ERRORS)) {
      const { status } = PROBLEMS[batchErrorProblem(new BatchError(code as BatchErrorCode, 'no')).code]
      if (exitCode === 7) expect(status, code).to.be.oneOf([409, 429, 500, 503])
      if ([4, 5].includes(exitCode)) expect(status, code).to.equal(409)
    }
  })
})
