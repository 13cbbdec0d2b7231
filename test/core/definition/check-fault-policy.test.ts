import { expect } from 'chai'
import { checkRetryPolicy, checkSkipPolicy } from '../../../src/core/definition/check-fault-policy.ts'
import type { Backoff, RetryPolicy, SkipPolicy } from '../../../src/core/definition/fault-policy.ts'

describe('Retry and skip policies', () => {
  it('are accepted as documented', () => {
    const retry: RetryPolicy = {
      on: [TypeError, () => true],
      attempts: 3,
      backoff: {
        kind: 'exponential',
        initialMilliseconds: 100,
        factor: 1.5,
        maxMilliseconds: 1000,
        jitter: 0.5,
      },
    }
    expect(checkRetryPolicy(retry)).to.deep.equal([])
    expect(checkRetryPolicy(false)).to.deep.equal([])
    expect(checkRetryPolicy(undefined)).to.deep.equal([])
    expect(checkSkipPolicy({ on: TypeError, limit: 0, phases: ['read'] })).to.deep.equal([])
    expect(checkSkipPolicy({ on: TypeError, limit: { share: 1 } })).to.deep.equal([])
  })

  it('are refused with the value and what it may be', () => {
    const cases: readonly (readonly [RetryPolicy, string])[] = [
      [{ attempts: 0 }, 'retry.attempts is 0'],
      [{ attempts: 1.5 }, 'retry.attempts is 1.5'],
      [{ attempts: 2, on: [] }, 'retry.on is empty'],
      [{ attempts: 2, on: 'x' as never }, 'retry.on must be'],
      [
        { attempts: 2, backoff: { kind: 'fixed', delayMilliseconds: -1 } },
        'retry.backoff.delayMilliseconds is -1',
      ],
      [
        { attempts: 2, backoff: { kind: 'fixed', delayMilliseconds: Number.NaN } },
        'retry.backoff.delayMilliseconds is NaN',
      ],
      [
        { attempts: 2, backoff: { kind: 'fixed' } as Backoff },
        'retry.backoff.delayMilliseconds is undefined',
      ],
      [
        { attempts: 2, backoff: { kind: 'fixed', delayMilliseconds: 1, jitter: 2 } },
        'retry.backoff.jitter is 2',
      ],
      [
        { attempts: 2, backoff: { kind: 'exponential', initialMilliseconds: 1, factor: 0.5 } },
        'retry.backoff.factor is 0.5',
      ],
    ]
    for (const [policy, fault] of cases) expect(checkRetryPolicy(policy).join()).to.contain(fault)
    const skips: readonly (readonly [SkipPolicy, string])[] = [
      [{ on: Error, limit: -1 }, 'skip.limit is -1'],
      [{ on: Error, limit: Number.NaN }, 'skip.limit is NaN'],
      [{ on: Error, limit: { share: 0 } }, 'skip.limit.share is 0'],
      [{ on: Error, limit: { share: 5 } }, 'skip.limit.share is 5'],
      [{ on: [], limit: 1 }, 'skip.on is empty'],
      [{ on: Error, limit: 1, phases: [] }, 'skip.phases is empty'],
      [{ on: Error, limit: 1, phases: ['reading' as never] }, 'skip.phases names reading'],
    ]
    for (const [policy, fault] of skips) expect(checkSkipPolicy(policy).join()).to.contain(fault)
  })
})
