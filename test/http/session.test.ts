import { expect } from 'chai'
import { pino } from 'pino'
import { fakeClock } from '../../src/testing/fake-clock.ts'
import { type ApiTrial, apiTrial, type Answered, ended, running } from './api-trial.ts'
import type { Scope } from '../../src/http/auth/scopes.ts'

const OWN = { Origin: 'http://127.0.0.1:7070' }

describe('A session of a browser', () => {
  const clock = fakeClock({ now: '2026-11-21T12:00:00Z' })
  let trial: ApiTrial
  before(() => {
    trial = apiTrial({ clock })
  })
  after(() => trial.close())

  /** What a browser would send again. */
  const cookieOf = ({ headers }: Answered) => headers.get('set-cookie')?.split(';')[0] ?? ''
  const begin = async (as: Scope = 'admin', headers = {}) =>
    cookieOf(await trial.ask('POST /api/v1/session', { as, headers }))
  const ask = (what: string, Cookie: string, headers: Readonly<Record<string, string>> = {}) =>
    trial.ask(what, { as: 'nobody', headers: { Cookie, ...headers } })

  it('is begun with a token, and has its name and scopes', async () => {
    const { status, json, headers } = await trial.ask('POST /api/v1/session', { as: 'operate' })
    expect([status, json]).to.deep.equal([
      200,
      { caller: { name: 'operate', may: ['read', 'operate'] }, expiresAt: '2026-11-22T00:00:00.000Z' },
    ])
    expect(headers.get('set-cookie')).to.match(
      /^batchwright=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    const cookie = await begin('operate')
    const server = await ask('GET /api/v1/server', cookie)
    expect(server.json['caller']).to.deep.equal({ name: 'operate', may: ['read', 'operate'] })
    const { jobExecutionId } = await ended(trial.ask, 'fail')
    expect((await ask(`POST /api/v1/executions/${jobExecutionId}/abandon`, cookie, OWN)).status).to.equal(200)
    const { json: shown } = await trial.ask(`GET /api/v1/executions/${jobExecutionId}`)
    expect(shown['operatorActions']).to.deep.include.members([
      { ...(shown['operatorActions'] as readonly object[])[1], action: 'abandon', by: 'operate' },
    ])
    const launch = await ask('POST /api/v1/jobs/greet/executions', cookie, OWN)
    expect([launch.status, launch.json.code]).to.deep.equal([403, 'insufficient-scope'])
  })

  it('follows streams, as EventSource can send no token', async () => {
    const cookie = await begin('read')
    const { id, open } = await running(trial.ask)
    const stream = await trial.follow(`GET /api/v1/executions/${id}/events`, {
      as: 'nobody',
      headers: { Cookie: cookie },
    })
    open()
    await stream.until((text) => text.includes('event: end'))
    await stream.ended
  })

  it('has a cookie for TLS alone where the browser came by TLS', async () => {
    for (const headers of [{ Origin: 'https://batch.example' }, { 'X-Forwarded-Proto': 'https' }]) {
      const answer = await trial.ask('POST /api/v1/session', { headers })
      expect(answer.headers.get('set-cookie')).to.match(
        /^__Host-batchwright=.*; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
      )
      const { json } = await ask('GET /api/v1/server', `theme=dark; ${cookieOf(answer)}; batchwright=forged`)
      expect((json['caller'] as { readonly name: string }).name).to.equal('admin')
    }
  })

  const CHANGE = 'POST /api/v1/schedules/hourly/resume'

  it('changes something only for a page of this server', async () => {
    const cookie = await begin()
    const rows: readonly (readonly [headers: Readonly<Record<string, string>>, isOwn: boolean])[] = [
      [{ 'Sec-Fetch-Site': 'same-origin' }, true],
      [{ 'Sec-Fetch-Site': 'same-origin', Origin: 'https://by-a-proxy.example' }, true],
      [{ Origin: 'http://127.0.0.1:7070' }, true],
      [{}, false],
      [{ Origin: 'http://127.0.0.1:7071' }, false],
      [{ Origin: 'null' }, false],
      [{ Origin: 'https://evil.example' }, false],
      [{ 'Sec-Fetch-Site': 'cross-site' }, false],
      [{ 'Sec-Fetch-Site': 'same-site', Origin: 'http://127.0.0.1:7070' }, false],
      [{ 'Sec-Fetch-Site': 'none' }, false],
    ]
    for (const [headers, isOwn] of rows) {
      const { status, json } = await ask(CHANGE, cookie, headers)
      const expected = isOwn ? [200, undefined] : [403, 'cross-site']
      expect([status, json.code], JSON.stringify(headers)).to.deep.equal(expected)
    }
    // Nobody sends a token without meaning to.
    const foreign = { Cookie: cookie, 'Sec-Fetch-Site': 'cross-site' }
    expect((await trial.ask(CHANGE, { headers: foreign })).status).to.equal(200)
    expect((await ask('GET /api/v1/jobs', cookie, { 'Sec-Fetch-Site': 'cross-site' })).status).to.equal(200)
  })

  it('ends when it is told to, and with time', async () => {
    const [one, other] = [await begin(), await begin()]
    expect((await ask('DELETE /api/v1/session', one)).json.code).to.equal('cross-site')
    const ended = await ask('DELETE /api/v1/session', one, OWN)
    expect([ended.status, ended.json]).to.deep.equal([200, { ended: true }])
    expect(ended.headers.get('set-cookie')).to.match(
      /^batchwright=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    expect((await ask('GET /api/v1/jobs', one)).status).to.equal(401)
    expect((await ask('DELETE /api/v1/session', one, OWN)).json).to.deep.equal({ ended: false })
    await clock.advance(43_199_999)
    expect((await ask('GET /api/v1/jobs', other)).status).to.equal(200)
    await clock.advance(1)
    expect((await ask('GET /api/v1/jobs', other)).json.code).to.equal('unauthenticated')
  })

  it('ends with each cookie that a browser has of it, and one that is no longer known hides no other', async () => {
    const begun = async (Origin: string) => begin('admin', { Origin })
    const both = [await begun('https://batch.example'), await begun('http://127.0.0.1:7070')].join('; ')
    const stale = '__Host-batchwright=of-a-server-that-has-ended'
    const [, open = ''] = both.split('; ')
    expect((await ask('GET /api/v1/jobs', `${stale}; ${open}`)).status).to.equal(200)
    expect((await ask('DELETE /api/v1/session', both, OWN)).json).to.deep.equal({ ended: true })
    for (const cookie of both.split('; '))
      expect((await ask('GET /api/v1/jobs', cookie)).status, cookie).to.equal(401)
  })

  it('is told of in the log with who has ended it', async () => {
    const lines: string[] = []
    const logger = pino({}, { write: (line) => void lines.push(line) })
    const told = apiTrial({ clock, around: (batch) => ({ ...batch, logger }) })
    const cookie = cookieOf(await told.ask('POST /api/v1/session', { as: 'operate' }))
    await told.ask('DELETE /api/v1/session', { as: 'nobody', headers: { Cookie: cookie, ...OWN } })
    await told.close()
    const callers = lines.map((line) => (JSON.parse(line) as { readonly caller?: string }).caller)
    expect(callers).to.deep.equal(['operate', 'operate'])
    expect(lines.join('')).to.not.contain(cookie.split('=')[1])
  })

  it('begins no other, is no token, and counts for nothing beside one', async () => {
    const cookie = await begin()
    const again = await ask('POST /api/v1/session', cookie, OWN)
    expect([again.status, again.json.code]).to.deep.equal([401, 'unauthenticated'])
    expect(again.headers.get('www-authenticate')).to.match(/^Bearer /)
    const [, secret = ''] = cookie.split('=')
    const asToken = { Authorization: `Bearer ${secret}` }
    expect((await ask('GET /api/v1/jobs', '', asToken)).status).to.equal(401)
    expect((await ask('GET /api/v1/jobs', cookie, { Authorization: 'Bearer wrong' })).status).to.equal(401)
    expect((await ask('GET /api/v1/jobs', 'batchwright=token-of-admin')).status).to.equal(401)
  })

  it('of one token are a hundred at most: the oldest ends', async () => {
    const first = await begin('launch')
    const second = await begin('launch')
    for (let more = 0; more < 99; more += 1) await begin('launch')
    expect((await ask('GET /api/v1/jobs', first)).status).to.equal(401)
    expect((await ask('GET /api/v1/jobs', second)).status).to.equal(200)
  })

  it('is not needed where there are no tokens', async () => {
    const open = apiTrial({ anonymous: 'loopback' })
    const { json, headers } = await open.ask('POST /api/v1/session')
    expect([json['expiresAt'], headers.has('set-cookie')]).to.deep.equal([null, false])
    expect((await open.ask('DELETE /api/v1/session')).json).to.deep.equal({ ended: false })
    await open.close()
  })
})
