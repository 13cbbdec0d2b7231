import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { pino } from 'pino'
import { tokenHash } from '../../src/http/auth/access-token.ts'
import { allows, SCOPES } from '../../src/http/auth/scopes.ts'
import { readTokensFile } from '../../src/http/auth/tokens-file.ts'
import { createHttpApi } from '../../src/http/create-http-api.ts'
import { OPERATIONS } from '../../src/http/operations/index.ts'
import { type ApiTrial, apiTrial, ended, running, TOKENS } from './api-trial.ts'

describe('Who may use the HTTP API', () => {
  let trial: ApiTrial
  before(() => {
    trial = apiTrial()
  })
  after(() => trial.close())

  for (const { id, method, path, scope } of OPERATIONS) {
    const what = `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '999')}`
    if (scope === null) {
      it(`${id}: anybody`, async () => {
        expect((await trial.ask(what, { as: 'nobody' })).status).to.equal(200)
      })
      continue
    }
    it(`${id}: nobody without a token, and of the tokens those with ${scope} or what implies it`, async () => {
      const { status, headers, json } = await trial.ask(what, { as: 'nobody' })
      expect([status, json.code]).to.deep.equal([401, 'unauthenticated'])
      expect(headers.get('www-authenticate')).to.equal('Bearer realm="batchwright"')
      for (const one of SCOPES) {
        const signal = AbortSignal.timeout(20)
        const answer = await trial.ask(what, { as: one, signal })
        expect(answer.status === 403, `${one}: ${answer.status}`).to.equal(!allows([one], scope))
        if (answer.status !== 403) continue
        expect(answer.json).to.include({ code: 'insufficient-scope', scope })
        expect(answer.headers.get('www-authenticate')).to.contain(`scope="${scope}"`)
      }
    })
  }

  it('a recovery by force takes admin', async () => {
    const { id } = await running(trial.ask)
    const asked = { json: { force: true } }
    const refused = await trial.ask(`POST /api/v1/executions/${id}/recover`, { ...asked, as: 'operate' })
    expect([refused.status, refused.json['scope']]).to.deep.equal([403, 'admin'])
    const forced = await trial.ask(`POST /api/v1/executions/${id}/recover`, asked)
    expect([forced.status, forced.json['recovered']]).to.deep.equal([200, true])
  })

  it('the name of the token is who did it, in the record', async () => {
    const { jobExecutionId } = await ended(trial.ask, 'fail')
    await trial.ask(`POST /api/v1/executions/${jobExecutionId}/abandon`, { as: 'operate' })
    const { json } = await trial.ask(`GET /api/v1/executions/${jobExecutionId}`)
    const actions = json['operatorActions'] as readonly { readonly action: string; readonly by: string }[]
    expect(actions.map(({ action, by }) => `${action} by ${by}`)).to.deep.equal([
      'launch by admin',
      'abandon by operate',
    ])
    await trial.ask('POST /api/v1/schedules/hourly/pause', { as: 'operate' })
    const schedule = await trial.ask('GET /api/v1/schedules/hourly')
    expect(schedule.json['paused']).to.include({ by: 'operate' })
    const fired = await trial.ask('POST /api/v1/schedules/hourly/trigger', { as: 'operate' })
    const fires = await trial.ask('GET /api/v1/schedules/hourly/fires?outcome=FIRED')
    expect(fires.json.items[0]).to.include({
      jobExecutionId: fired.json.jobExecutionId,
      firedBy: 'operate',
    })
  })

  it('what a request has changed is in the log, with who has asked', async () => {
    const lines: Readonly<Record<string, unknown>>[] = []
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
    const logged = apiTrial({ around: (batch) => ({ ...batch, logger }) })
    await logged.ask('POST /api/v1/schedules/hourly/resume', { as: 'operate' })
    await logged.ask('POST /api/v1/maintenance/purge', { json: { olderThan: '90d' } })
    await logged.ask('POST /api/v1/maintenance/purge', { json: { olderThan: '90d' }, as: 'read' })
    await logged.ask('GET /api/v1/schedules')
    await logged.close()
    expect(lines.map(({ operation, caller, path }) => [operation, caller, path])).to.deep.equal([
      ['resumeSchedule', 'operate', '/api/v1/schedules/hourly/resume'],
      ['purge', 'admin', '/api/v1/maintenance/purge'],
    ])
  })

  it('whoever asks is told who they are, what they may, and what the server has room for', async () => {
    const { json } = await trial.ask('GET /api/v1/server', { as: 'launch' })
    expect(json['caller']).to.deep.equal({ name: 'launch', may: ['read', 'launch'] })
    expect(json['version']).to.match(/^\d+\.\d+\.\d+/)
    expect(json['executions']).to.have.keys('active', 'limit')
    const all = await trial.ask('GET /api/v1/server')
    expect(all.json['caller']).to.deep.equal({ name: 'admin', may: ['read', 'launch', 'operate', 'admin'] })
  })

  it('no token that is almost one, or that stands elsewhere, is taken', async () => {
    const good = 'token-of-admin'
    const headers = [
      `Bearer ${good}x`,
      `Bearer ${good.toUpperCase()}`,
      `Basic ${good}`,
      `Bearer  `,
      good,
      'Bearer',
    ]
    for (const Authorization of headers) {
      const { status } = await trial.ask('GET /api/v1/jobs', { as: 'nobody', headers: { Authorization } })
      expect(status, Authorization).to.equal(401)
    }
    for (const name of ['access_token', 'token', 'api_key', 'Access_Token']) {
      const { status, json } = await trial.ask(`GET /api/v1/jobs?${name}=${good}`)
      expect([status, json.code]).to.deep.equal([400, 'token-in-query'])
    }
  })

  it('without tokens there is no API, unless it is for this machine only', () => {
    const { batch, pool } = trial
    expect(() => createHttpApi({ batch, pool })).to.throw(/no tokens/)
    const tokens = [{ name: 'x', scopes: ['read'] as const, sha256: 'abc' }]
    expect(() => createHttpApi({ batch, pool, tokens })).to.throw(/64 hexadecimal/)
  })
})

describe('The HTTP API for this machine only', () => {
  let trial: ApiTrial
  before(() => {
    trial = apiTrial({ anonymous: 'loopback' })
  })
  after(() => trial.close())

  it('answers to the names of this machine, and to no other', async () => {
    for (const Host of [
      'localhost',
      'localhost:7070',
      '127.0.0.1:80',
      '127.3.2.1',
      '[::1]:7070',
      'app.localhost',
    ])
      expect((await trial.ask('GET /api/v1/jobs', { headers: { Host } })).status, Host).to.equal(200)
    for (const Host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '10.0.0.1',
      '0.0.0.0',
      '',
    ])
      expect((await trial.ask('GET /api/v1/jobs', { headers: { Host } })).json.code, Host).to.equal(
        'forbidden-host',
      )
  })

  it('refuses what a page of another site posts, and takes what one of its own does', async () => {
    const post = 'POST /api/v1/schedules/hourly/pause'
    const foreign = [
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { Origin: 'http://127.0.0.1:9999' },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ]
    for (const headers of foreign) {
      const { status, json } = await trial.ask(post, { headers: headers as Record<string, string> })
      expect([status, json.code], JSON.stringify(headers)).to.deep.equal([403, 'cross-site'])
    }
    const own = { Host: '127.0.0.1:7070', Origin: 'http://127.0.0.1:7070', 'Sec-Fetch-Site': 'same-origin' }
    expect((await trial.ask(post, { headers: own })).status).to.equal(200)
  })

  it('takes no form, which a page could post without being asked', async () => {
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
      '',
    ]) {
      const headers = { 'Content-Type': type }
      const { status } = await trial.ask('POST /api/v1/schedules/hourly/pause', { text: '{}', headers })
      expect(status, type).to.equal(415)
    }
  })
})

describe('The tokens file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'batchwright-tokens-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function file(content: unknown, mode = 0o600): Promise<string> {
    const path = join(folder, `${Math.random()}.json`)
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode })
    return path
  }

  it('gives the tokens, and a warning where others can read it', async () => {
    const closed = await readTokensFile(await file({ tokens: TOKENS }))
    expect(closed).to.deep.equal({ tokens: TOKENS, warnings: [] })
    const { warnings } = await readTokensFile(await file({ tokens: TOKENS }, 0o644))
    expect(warnings).to.have.length(1)
    expect(warnings[0]).to.contain('mode 644')
  })

  it('is refused with everything that is wrong with it, and without what it holds', async () => {
    const sha256 = tokenHash('abc')
    const bad = [
      { name: '', scopes: ['read'], sha256 },
      { name: 'a', scopes: ['write'], sha256 },
      { name: 'b', scopes: [], sha256 },
      { name: 'c', scopes: ['read'], sha256: 'not-a-hash' },
      { name: 'd', scopes: ['read'], sha256 },
      { name: 'd', scopes: ['read'], sha256 },
    ]
    const error = await readTokensFile(await file({ tokens: bad })).catch((one: Error) => one)
    const { message } = error as Error
    for (const part of [
      'token 1: its name',
      'no scope "write"',
      'token 3: it has no scopes',
      'token 4: its sha256',
      'd: named twice',
    ])
      expect(message).to.contain(part)
    expect(message).not.to.contain(sha256)
  })

  it('is refused where it is no file, no JSON, or something else', async () => {
    const paths = [
      join(folder, 'nowhere.json'),
      await file(`{"sha256":"${tokenHash('x')}"`),
      await file([]),
      await file({ tokens: 3 }),
      await file({ tokens: [] }),
    ]
    for (const path of paths) {
      const error = (await readTokensFile(path).catch((one: Error) => one)) as Error & {
        readonly code: string
      }
      expect(error.code).to.equal('INVALID_CONFIGURATION')
      expect(error.message).not.to.contain(tokenHash('x'))
    }
  })
})
