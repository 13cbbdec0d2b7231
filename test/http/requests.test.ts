import { expect } from 'chai'
import { pino } from 'pino'
import { createBatch } from '../../src/create-batch.ts'
import { BatchError } from '../../src/core/model/batch-error.ts'
import { encodeCursor } from '../../src/http/cursor.ts'
import { createHttpApi } from '../../src/http/create-http-api.ts'
import { localPool } from '../../src/pool/local-pool.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { type ApiTrial, apiTrial, type Asked, ended, newName, running } from './api-trial.ts'
import { greet } from './jobs.ts'

const LAUNCH = 'POST /api/v1/jobs/greet/executions'

describe('What the HTTP API is sent', () => {
  let trial: ApiTrial
  before(() => {
    trial = apiTrial()
  })
  after(() => trial.close())

  it('is refused as malformed where it is no JSON, whatever it is', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    const texts = [
      '{',
      '',
      ' ',
      'null x',
      '{"a":1,"a":2}',
      "{'a':1}",
      '{"parameters":{}}}',

      '[1,]',
      deep,
    ]
    for (const text of texts) {
      const { status, json } = await trial.ask(LAUNCH, {
        text,
        headers: { 'Content-Type': 'application/json' },
      })
      expect([status, json.code], text.slice(0, 30)).to.deep.equal([400, 'malformed-json'])
    }
  })

  it('is refused as malformed where it is no UTF-8', async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])
    const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer token-of-admin' }
    const url = 'http://127.0.0.1/api/v1/jobs/greet/executions'
    const { status } = await trial.api.fetch(new Request(url, { method: 'POST', body, headers }))
    expect(status).to.equal(400)
  })

  it('is not logged as an error of the server when it breaks off', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const batch = createBatch({ repository: memoryRepository(), jobs: [greet], logger })
    const api = createHttpApi({ batch, pool: localPool({ batch }), anonymous: 'loopback' })
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('aborted')) })
    const headers = { 'Content-Type': 'application/json' }
    const url = 'http://localhost/api/v1/jobs/greet/executions'
    const { status } = await api.fetch(new Request(url, { method: 'POST', body, headers, duplex: 'half' }))
    expect([status, lines]).to.deep.equal([400, []])
    await batch.close()
  })

  it('is answered at once, however long a name in the address is', async () => {
    const before = performance.now()
    const { status } = await trial.ask(`GET /api/v1/jobs/${'a'.repeat(100_000)}`)
    expect(status).to.equal(404)
    expect(performance.now() - before).to.be.lessThan(2_000) // where each letter is looked at from each, half a minute
  })

  it('is refused with where it is wrong, when it is JSON and something else is meant', async () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [[], '#'],
      [null, '#'],
      ['text', '#'],
      [{}, '#/parameters'],
      [{ parameters: [] }, '#/parameters'],
      [{ parameters: { name: { deep: 1 } } }, '#/parameters/name'],
      [{ parameters: { name: 'a\0b' } }, '#/parameters/name'],
      [{ parameters: { name: 'half of a \ud83d' } }, '#/parameters/name'],
      [nested(2000), '#'],
      [{ parameters: { name: nested(2000) } }, '#/parameters/name'],
      [{ parameters: { 'a\0b': 'c' } }, '#/parameters/a%00b'],
      [{ parameters: {}, mode: 'restart' }, '#/mode'],
      [{ parameters: {}, trigger: { type: 'schedule', name: 'x' } }, '#/trigger/type'],
      [{ parameters: {}, trigger: { type: 'external', name: '' } }, '#/trigger/name'],
      [{ parameters: {}, 'on/existing': 1 }, '#/on~1existing'],
      [{ parameters: {}, ['__proto__x']: 1 }, '#/__proto__x'],
    ]
    for (const [json, pointer] of cases) {
      const answer = await trial.ask(LAUNCH, { json })
      expect([answer.status, answer.json.code], pointer).to.deep.equal([422, 'invalid-request'])
      const errors = answer.json['errors'] as readonly { readonly pointer: string }[]
      expect(errors.map((one) => one.pointer)).to.include(pointer)
    }
  })

  it('is told of a hundred faults, and of no more', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => [`no${index}`, 1])
    for (const json of [{ parameters: Object.fromEntries(names) }, Object.fromEntries(names)]) {
      const answer = await trial.ask(LAUNCH, { json })
      expect(answer.status).to.equal(422)
      expect((answer.json['errors'] as readonly object[]).length).to.be.within(100, 110)
    }
  })

  it('loses nothing that stands under the name of what every object has', async () => {
    for (const [text, pointer] of [
      ['{"parameters":{"__proto__":"x"}}', '#/parameters/__proto__'],
      ['{"parameters":{"__proto__":{"name":"x"}}}', '#/parameters/__proto__'],
      ['{"parameters":{"name":"x"},"__proto__":{"mode":"next"}}', '#/__proto__'],
    ] as const) {
      const { status, json } = await trial.ask(LAUNCH, { text })
      expect(status, text).to.equal(422)
      expect((json['errors'] as readonly object[])[0]).to.include({ pointer })
    }
  })

  it('keeps the digits of large numbers, takes texts for what they say, and no other type for a text', async () => {
    const text = `{"parameters":{"name":"${newName()}","times":9007199254740993}}`
    const large = await trial.ask(LAUNCH, { text })
    expect(large.status).to.equal(422)
    const asText = await trial.ask(LAUNCH, {
      json: { parameters: { name: newName(), times: '3', password: null } },
    })
    expect(asText.json['jobParameters']).to.have.nested.property('times.value', '3')
    const wrong = await trial.ask(LAUNCH, { json: { parameters: { name: true } } })
    expect([wrong.status, wrong.json.code]).to.deep.equal([422, 'invalid-parameters'])
  })

  it('is refused where it is huge, whether it says so or not', async () => {
    const text = JSON.stringify({ parameters: { name: 'x'.repeat(300_000) } })
    expect((await trial.ask(LAUNCH, { text })).status).to.equal(413)
    let pulled = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1
        controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })
    const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer token-of-admin' }
    const endless: RequestInit & { duplex: 'half' } = { method: 'POST', body, headers, duplex: 'half' }
    const { status } = await trial.api.fetch(
      new Request('http://127.0.0.1/api/v1/jobs/greet/executions', endless),
    )
    expect(status).to.equal(413)
    expect(pulled).to.be.lessThan(10)
  })

  it('is refused where the query or a header is no good, and the parameter is named', async () => {
    const { jobExecutionId } = await ended(trial.ask, 'greet')
    const queries = [
      ['executions?limit=0', 'limit'],
      ['executions?limit=201', 'limit'],
      ['executions?limit=ten', 'limit'],
      ['executions?limit=0x10', 'limit'],
      ['executions?limit=+1', 'limit'],
      ['schedules?next=', 'next'],
      ['executions?limit=1&limit=2', 'limit'],
      ['executions?status=GONE', 'status'],
      ['executions?stauts=FAILED', 'stauts'],
      ['executions?job=a%00b', 'job'],
      ['executions?cursor=nonsense', 'cursor'],
      ['schedules/hourly?next=101', 'next'],
      [`executions/${jobExecutionId}?wait=soon`, 'wait'],
      [`executions/${jobExecutionId}?wait=-1`, 'wait'],
    ] as const
    for (const [path, parameter] of queries) {
      const { status, json } = await trial.ask(`GET /api/v1/${path}`)
      expect([status, json.code], path).to.deep.equal([422, 'invalid-request'])
      expect((json['errors'] as readonly object[])[0]).to.include({ parameter })
    }
    for (const key of ['', 'x'.repeat(201), 'schlüssel']) {
      const asked: Asked = { json: { parameters: { name: newName() } }, headers: { 'Idempotency-Key': key } }
      expect((await trial.ask(LAUNCH, asked)).status, key).to.equal(422)
    }
  })

  it('is refused where a cursor names no time, whoever has made it', async () => {
    for (const time of ['9223372036854775807', '253402300800000']) {
      const cursor = encodeCursor('fires hourly', {}, time)
      const { status, json } = await trial.ask(`GET /api/v1/schedules/hourly/fires?cursor=${cursor}`)
      expect([status, json.code], time).to.deep.equal([422, 'invalid-request'])
    }
  })

  it('names nothing where an id is none, or greater than any', async () => {
    for (const id of [
      '0',
      '-1',
      'abc',
      '1.5',
      '%00',
      '%27%20or%201=1',
      '9223372036854775808',
      '9'.repeat(400),
    ]) {
      for (const path of [
        `executions/${id}`,
        `executions/${id}/steps`,
        `executions/${id}/outcome`,
        `quarantine/${id}`,
      ])
        expect((await trial.ask(`GET /api/v1/${path}`)).status, path).to.equal(404)
      expect((await trial.ask(`GET /api/v1/executions?instance=${id}`)).json.items ?? []).to.deep.equal([])
    }
  })

  it('is told what a path takes, or that there is none', async () => {
    const wrong = await trial.ask('DELETE /api/v1/executions/1')
    expect([wrong.status, wrong.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD'])
    const launch = await trial.ask('GET /api/v1/jobs/greet/executions')
    expect([launch.status, launch.headers.get('allow')]).to.deep.equal([405, 'POST'])
    for (const path of [
      '/',
      '/api',
      '/api/v1',
      '/api/v2/jobs',
      '/api/v1/jobs/',
      '/etc/passwd',
      '/%2e%2e/x',
      '/%zz',
    ])
      expect((await trial.ask(`GET ${path}`)).json.code, path).to.equal('no-such-path')
    expect((await trial.ask('HEAD /api/v1/jobs')).text).to.equal('')
  })

  it('changes nothing with any GET', async () => {
    const { id } = await running(trial.ask)
    for (const act of ['stop', 'restart', 'abandon', 'recover', 'redrive'])
      expect((await trial.ask(`GET /api/v1/executions/${id}/${act}`)).status).to.equal(405)
    expect((await trial.ask(`GET /api/v1/executions/${id}`)).json['status']).to.match(/^START/)
  })
})

describe('What the HTTP API answers', () => {
  let trial: ApiTrial
  before(() => {
    trial = apiTrial()
  })
  after(() => trial.close())

  it('is JSON that no browser takes for a page, whatever stands in it', async () => {
    const name = '<script>alert(1)</script>"\'&\u2028'
    const { jobExecutionId } = await ended(trial.ask, 'fail', name)
    for (const path of [`executions/${jobExecutionId}`, 'executions', `jobs/${encodeURIComponent(name)}`]) {
      const { headers, json, status } = await trial.ask(`GET /api/v1/${path}`)
      expect(headers.get('content-type')).to.match(/^application\/(problem\+)?json$/)
      expect(headers.get('x-content-type-options')).to.equal('nosniff')
      expect(headers.get('content-security-policy')).to.contain("default-src 'none'")
      if (status === 200) expect(JSON.stringify(json)).to.contain(JSON.stringify(name).slice(1, -1))
    }
  })

  it('has a page that loads nothing from elsewhere, and runs nothing that stands in it', async () => {
    const { text, headers } = await trial.ask('GET /docs', { as: 'nobody' })
    expect(headers.get('content-security-policy')).to.contain("script-src 'self'").and.not.contain('unsafe')
    expect(text)
      .not.to.match(/https?:/)
      .and.not.match(/<script(?! type="module" src=)/)
      .and.not.match(/style=|onclick/)
    expect((await trial.ask('GET /docs/page.js', { as: 'nobody' })).text).not.to.contain('innerHTML')
  })

  it('hides values by their names, in parameters, contexts and messages', async () => {
    const secrets = ['hunter2', 'hidden-in-step', 'hidden-in-job', 'of the item']
    const parameters = { name: newName(), password: 'hunter2' }
    const launched = await trial.ask(`${LAUNCH}?wait=30s`, { json: { parameters } })
    expect(launched.json['jobParameters']).to.have.nested.property('password.value', '***')
    const path = `/api/v1/executions/${launched.json.jobExecutionId}`
    const { json } = await trial.ask(`GET ${path}/steps`)
    const step = String(json.items[0]?.['stepExecutionId'])
    const skipped = await ended(trial.ask, 'skip')
    const answers = [
      launched,
      await trial.ask(LAUNCH, { json: { parameters } }),
      await trial.ask(`GET ${path}`),
      await trial.ask(`GET ${path}/context`),
      await trial.ask(`GET ${path}/steps/${step}/context`),
      await trial.ask('GET /api/v1/executions'),
      await trial.ask(`GET /api/v1/executions/${skipped.jobExecutionId}/quarantine`),
      await trial.ask(`GET ${path}/events`),
    ]
    for (const { text } of answers) for (const secret of secrets) expect(text).not.to.contain(secret)
    expect(answers[1]?.json.code).to.equal('instance-complete')
    expect(answers[3]?.text).to.contain('anna').and.contain('***')
    expect(answers[4]?.text).to.contain('"said"').and.contain('***')
  })

  it('does not say what a hidden parameter was, or should have been, where it is refused', async () => {
    const parameters = { name: newName(), apiKey: 'hunter2' }
    const { json } = await trial.ask('POST /api/v1/jobs/keyed/executions?wait=30s', { json: { parameters } })
    const restart = `POST /api/v1/executions/${json.jobExecutionId}/restart`
    const changed = await trial.ask(restart, { json: { parameters: { apiKey: 'other1' } } })
    const tooShort = await trial.ask('POST /api/v1/jobs/keyed/executions', {
      json: { parameters: { name: newName(), apiKey: 'abc' } },
    })
    for (const { status, text } of [changed, tooShort]) {
      expect(status).to.equal(422)
      expect(text)
        .to.contain('#/parameters/apiKey')
        .and.not.match(/hunter2|other1|abc/)
    }
    const another = await trial.ask(restart, { json: { parameters: { name: 'another' } } })
    expect(another.text).to.contain('cannot become another')
  })

  it('tells nothing of where the database is, nor of what went wrong inside; the log does, under the request', async () => {
    const lines: string[] = []
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const batch = createBatch({ repository: memoryRepository(), jobs: [greet], logger })
    const errors = [
      new BatchError('REPOSITORY_UNAVAILABLE', 'postgres://anna:geheim@db:5432/app'),
      new Error('geheim'),
    ]
    for (const error of errors) {
      const operator = { ...batch.operator, listJobExecutions: () => Promise.reject(error) }
      const api = createHttpApi({
        batch: { ...batch, operator },
        pool: localPool({ batch }),
        anonymous: 'loopback',
      })
      const response = await api.fetch(new Request('http://localhost/api/v1/executions'))
      const text = await response.text()
      expect(text).not.to.contain('geheim').and.not.contain('5432')
      const { requestId } = JSON.parse(text) as { readonly requestId: string }
      expect(response.headers.get('x-request-id')).to.equal(requestId)
      expect(lines.at(-1)).to.contain(requestId).and.contain('geheim')
      api.close()
    }
    await batch.close()
  })
})

function nested(levels: number): unknown {
  return Array.from({ length: levels }).reduce((inner) => [inner], [])
}
