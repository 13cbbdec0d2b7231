import { inspect } from 'node:util'
import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { WebhookConfig } from '../../src/webhooks/webhook-config.ts'
import { webhookFaults } from '../../src/webhooks/webhook-config.ts'
import { openWebhookEndpoints } from '../../src/webhooks/webhook-endpoint.ts'
import { SECRET } from './receiver.ts'

const GOOD: WebhookConfig = { name: 'ops', url: 'https://example.com/hooks/T0KEN', secret: SECRET }

describe('The webhooks of a config', () => {
  it('are right with an address and a secret', () => {
    const others = [
      { ...GOOD, name: 'local', url: 'http://localhost:8080/x' },
      { ...GOOD, name: 'v6', url: 'http://[::1]:8080/x' },
      { ...GOOD, name: 'rotated', secret: `${SECRET} ${SECRET}`, events: ['execution.failed'], jobs: ['a'] },
      { name: 'env', url: 'https://example.com', secretFromEnvironment: 'OPS_SECRET' },
    ]
    expect(webhookFaults([GOOD, ...others])).to.deep.equal([])
    expect(webhookFaults([])).to.deep.equal([])
  })

  for (const [what, wrong, told] of [
    [
      'plain http to another host',
      { ...GOOD, url: 'http://example.com/T0KEN' },
      /url must begin with https:/,
    ],
    [
      'a host that only looks like this one',
      { ...GOOD, url: 'http://127.0.0.1.example.com/' },
      /must begin with https:/,
    ],
    ['another protocol', { ...GOOD, url: 'file:///etc/passwd' }, /must begin with https:/],
    ['no address', { ...GOOD, url: 'example.com/T0KEN' }, /url must be an address/],
    [
      'a password in the address',
      { ...GOOD, url: 'https://me:T0KEN@example.com' },
      /no user and no password/,
    ],
    ['a short secret', { ...GOOD, secret: 'whsec_T0KEN' }, /secret must be whsec_/],
    ['a secret without its prefix', { ...GOOD, secret: `T0KEN${SECRET.slice(6)}` }, /secret must be whsec_/],
    [
      'a secret that is no base64',
      { ...GOOD, secret: `${SECRET.slice(0, 20)}-T0KEN` },
      /secret must be whsec_/,
    ],
    ['no secret', { name: 'ops', url: GOOD.url }, /secret, or secretFromEnvironment, must be given/],
    ['both secrets', { ...GOOD, secretFromEnvironment: 'X' }, /only one of them/],
    [
      'a secret where the name of a variable belongs',
      { name: 'ops', url: GOOD.url, secretFromEnvironment: SECRET },
      /must be the name of an environment variable/,
    ],
    ['an unknown event', { ...GOOD, events: ['execution.faild'] }, /Did you mean execution.failed\?/],
    ['no events', { ...GOOD, events: [] }, /events must be a list/],
    ['jobs that are no names', { ...GOOD, jobs: [1] }, /jobs must be a list/],
    ['an unknown option', { ...GOOD, job: ['a'] }, /job: no such option. Did you mean jobs\?/],
    ['no name', { ...GOOD, name: ' ' }, /name must be/],
    ['a name that a terminal would obey', { ...GOOD, name: 'a\u001b[2J' }, /no control characters/],
  ] as const)
    it(`are refused with ${what}, without a word of the secret`, () => {
      const [fault = '', ...others] = webhookFaults([wrong])
      expect(others).to.deep.equal([])
      expect(fault).to.match(told)
      expect(fault).to.match(/^webhooks\[0\]\./)
      expect(fault).to.not.contain('T0KEN')
      expect(fault).to.not.contain(SECRET)
    })

  it('are refused with a name that is there twice, and as anything but a list', () => {
    expect(webhookFaults([GOOD, GOOD])).to.deep.equal([
      "webhooks: the name 'ops' is there twice; it must be unique.",
    ])
    expect(webhookFaults({ ops: GOOD })[0]).to.match(/must be a list/)
    expect(webhookFaults(['x'])[0]).to.match(/webhooks\[0\] must be/)
  })

  it('want their secret from the environment, and jobs that there are', () => {
    const config = { name: 'ops', url: GOOD.url, secretFromEnvironment: 'OPS_SECRET', jobs: ['inport'] }
    const faultsWith = (environment: Record<string, string>): string => {
      try {
        openWebhookEndpoints([config], environment, ['import', 'export'])
      } catch (error) {
        if (isBatchError(error, 'INVALID_CONFIGURATION')) return error.message
      }
      throw new Error('it was not refused')
    }
    expect(faultsWith({}))
      .to.match(/OPS_SECRET is not set/)
      .and.to.match(/Did you mean import\?/)
    expect(faultsWith({ OPS_SECRET: 'T0KEN' }))
      .to.match(/OPS_SECRET must be whsec_/)
      .and.not.to.contain('T0KEN')
    expect(faultsWith({ OPS_SECRET: SECRET })).to.not.match(/OPS_SECRET/)
  })

  it('show neither secret nor path when they are printed', () => {
    const [endpoint] = openWebhookEndpoints([GOOD], {}, [])
    const printed = inspect(endpoint, { depth: 9, showHidden: true }) + JSON.stringify(endpoint)
    expect(printed).to.contain('https://example.com')
    expect(printed).to.not.contain('T0KEN')
    expect(printed).to.not.contain(SECRET)
    expect(printed).to.not.contain('BwcHBw')
  })
})
