import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { type ApiTrial, apiTrial, ended, running } from './api-trial.ts'

describe('An answer that waits', () => {
  let trial: ApiTrial
  const draining = new AbortController()
  before(() => {
    trial = apiTrial({ draining: draining.signal })
  })
  after(() => trial.close())

  it('comes when the execution has ended', async () => {
    const { id, open } = await running(trial.ask)
    const waiting = trial.ask(`GET /api/v1/executions/${id}?wait=60s`)
    open()
    expect((await waiting).json['status']).to.equal('COMPLETED')
  })

  it('comes when the time is over, with how it stands', async () => {
    const { id } = await running(trial.ask)
    const { status, headers, json } = await trial.ask(`GET /api/v1/executions/${id}?wait=1`)
    expect([status, json['status'], headers.get('retry-after')]).to.deep.equal([200, 'STARTED', '5'])
  })

  it('and a stream look at all of it once, as long as it stays as it is', async () => {
    let whole = 0
    const memory = memoryRepository()
    const listOperatorActions: JobRepository['listOperatorActions'] = (id) => {
      whole += 1
      return memory.listOperatorActions(id)
    }
    const { ask, follow, close } = apiTrial({ repository: { ...memory, listOperatorActions } })
    const { id } = await running(ask)
    const hasStep = async () => (await ask(`GET /api/v1/executions/${id}/steps`)).json.items.length > 0
    while (!(await hasStep())) await new Promise((resolve) => setImmediate(resolve))
    await ask(`GET /api/v1/executions/${id}?wait=1`)
    expect(whole).to.equal(1)
    const stream = await follow(`GET /api/v1/executions/${id}/events`)
    await ask(`GET /api/v1/executions/${id}?wait=1`)
    expect(whole).to.equal(3)
    await stream.cancel()
    await close()
  })

  it('comes at once when the client goes away', async () => {
    const { id } = await running(trial.ask)
    const leaving = new AbortController()
    const waiting = trial.ask(`GET /api/v1/executions/${id}?wait=60s`, { signal: leaving.signal })
    leaving.abort()
    expect((await waiting).status).to.equal(200)
  })

  it('is not looked for by each of many that wait, nor by those that have gone', async () => {
    let looks = 0
    const memory = memoryRepository()
    const repository: JobRepository = {
      ...memory,
      findJobExecution: (id) => {
        looks += 1
        return memory.findJobExecution(id)
      },
    }
    const many = apiTrial({ repository, pollMilliseconds: 200 })
    const { id, open } = await running(many.ask)
    const leaving = new AbortController()
    const wait = (signal?: AbortSignal) =>
      many.ask(`GET /api/v1/executions/${id}?wait=60s`, signal === undefined ? {} : { signal })
    const [leave, stay] = [
      Array.from({ length: 20 }, () => wait(leaving.signal)),
      Array.from({ length: 20 }, () => wait()),
    ]
    // Behind the first looks of all.
    for (let turns = 0; turns < 20; turns += 1) await many.ask(`GET /api/v1/executions/${id}`)
    looks = 0
    leaving.abort()
    await Promise.all(leave)
    open()
    for (const { json } of await Promise.all(stay)) expect(json['status']).to.equal('COMPLETED')
    expect(looks).to.be.lessThan(20)
    await many.close()
  })

  it('is 304 for whoever knows it, as long as nothing has changed', async () => {
    const { id, open } = await running(trial.ask)
    await trial.ask(`GET /api/v1/executions/${id}?wait=1`)
    const first = await trial.ask(`GET /api/v1/executions/${id}`)
    const known = { headers: { 'If-None-Match': `"other", ${first.headers.get('etag')}` } }
    const same = await trial.ask(`GET /api/v1/executions/${id}`, known)
    expect([same.status, same.text, same.headers.get('etag')]).to.deep.equal([
      304,
      '',
      first.headers.get('etag'),
    ])
    const heartbeat = async () => {
      const { json } = await trial.ask(`GET /api/v1/executions/${id}`)
      return (json['owner'] as { readonly heartbeatAt: string }).heartbeatAt
    }
    const before = await heartbeat()
    while ((await heartbeat()) === before) await new Promise((resolve) => setImmediate(resolve))
    expect((await trial.ask(`GET /api/v1/executions/${id}`, known)).status).to.equal(304)
    open()
    await trial.ask(`GET /api/v1/executions/${id}?wait=60s`)
    const changed = await trial.ask(`GET /api/v1/executions/${id}`, known)
    expect(changed.status).to.equal(200)
    expect(changed.headers.get('etag')).not.to.equal(first.headers.get('etag'))
    expect(changed.headers.has('retry-after')).to.equal(false)
  })

  it('of an outcome is 404 until there is one, and then has the exit code of the command', async () => {
    const { id, open } = await running(trial.ask)
    const pending = await trial.ask(`GET /api/v1/executions/${id}/outcome`)
    expect([pending.status, pending.json.code]).to.deep.equal([404, 'outcome-pending'])
    open()
    await trial.ask(`GET /api/v1/executions/${id}?wait=60s`)
    expect((await trial.ask(`GET /api/v1/executions/${id}/outcome`)).json['processExitCode']).to.equal(0)
    const { jobExecutionId } = await ended(trial.ask, 'fail')
    const { json } = await trial.ask(`GET /api/v1/executions/${jobExecutionId}/outcome`)
    expect(json).to.include({ status: 'FAILED', exitCode: 'FAILED', processExitCode: 1 })
    expect(json['exitMessage']).to.contain('cannot do')
  })

  it('comes, and streams end, when the server begins to end; what comes later does not wait', async () => {
    const { id } = await running(trial.ask)
    const waiting = trial.ask(`GET /api/v1/executions/${id}?wait=60s`)
    const following = trial.ask(`GET /api/v1/executions/${id}/events`)
    const events = trial.ask('GET /api/v1/events')
    await trial.ask('GET /healthz')
    draining.abort()
    expect((await waiting).json['status']).to.match(/^START/)
    expect((await following).text)
      .to.contain('event: snapshot')
      .and.not.contain('event: end')
    expect((await events).status).to.equal(200)
    expect((await trial.ask(`GET /api/v1/executions/${id}?wait=60s`)).status).to.equal(200)
    expect((await trial.ask('GET /readyz')).status).to.equal(503)
  })
})

describe('A stream of events', () => {
  it('sends an execution when it has changed, and its end, and closes', async () => {
    const trial = apiTrial()
    const { id, open } = await running(trial.ask)
    const following = trial.ask(`GET /api/v1/executions/${id}/events`)
    open()
    const { text, headers } = await following
    expect(headers.get('content-type')).to.equal('text/event-stream')
    const events = parsed(text)
    const last = events.at(-1)
    expect([last?.event, last?.data['status']]).to.deep.equal(['end', 'COMPLETED'])
    const snapshots = events.filter(({ event }) => event === 'snapshot')
    expect(new Set(snapshots.map((one) => one.id)).size).to.equal(snapshots.length)
    const { headers: now } = await trial.ask(`GET /api/v1/executions/${id}`)
    expect(snapshots.at(-1)?.id).to.equal(now.get('etag'))
    await trial.close()
  })

  it('sends to whoever comes back only what it does not know', async () => {
    const trial = apiTrial()
    const { jobExecutionId } = await ended(trial.ask, 'greet')
    const path = `GET /api/v1/executions/${jobExecutionId}/events`
    const [snapshot] = parsed((await trial.ask(path)).text)
    const again = await trial.ask(path, { headers: { 'Last-Event-ID': snapshot?.id ?? '' } })
    expect(parsed(again.text).map(({ event }) => event)).to.deep.equal(['end'])
    const other = await trial.ask(path, { headers: { 'Last-Event-ID': 'W/"older"' } })
    expect(parsed(other.text).map(({ event }) => event)).to.deep.equal(['snapshot', 'end'])
    await trial.close()
  })

  it('looks at an execution once, however many follow it, and not at all when all have gone', async () => {
    let looks = 0
    const leaving = new AbortController()
    const memory = memoryRepository()
    const repository: JobRepository = {
      ...memory,
      findJobExecution: (id) => {
        looks += 1
        return memory.findJobExecution(id)
      },
    }
    const trial = apiTrial({ repository })
    const { id } = await running(trial.ask)
    const path = `GET /api/v1/executions/${id}/events`
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => trial.follow(path, { signal: leaving.signal })),
    )
    const turn = async (): Promise<number> => {
      const before = looks
      while (looks === before) await new Promise((resolve) => setImmediate(resolve))
      return looks - before
    }
    // A look asks for the execution, and for its quarantine, which looks for it too; twenty would be twenty times as many.
    for (let turns = 0; turns < 5; turns += 1) expect(await turn()).to.be.lessThan(3)
    leaving.abort()
    for (const stream of streams) await stream.ended
    const silent = looks
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(looks - silent).to.be.lessThan(3)
    await trial.close()
  })

  it('of the event log tells what happens, each once, also to whoever comes back', async () => {
    const trial = apiTrial()
    const path = 'GET /api/v1/events?job=greet'
    const stream = await trial.follow(path)
    await stream.until((text) => text.includes('id: '))
    const { jobExecutionId: first } = await ended(trial.ask, 'greet')
    await ended(trial.ask, 'fail')
    const { jobExecutionId: second } = await ended(trial.ask, 'greet')
    const text = await stream.until((one) => endOf(second, one))
    await stream.cancel()
    expect(told(text)).to.deep.equal([first, second].flatMap(bothOf))

    const { jobExecutionId: third } = await ended(trial.ask, 'greet')
    const headers = { 'Last-Event-ID': [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '' }
    const back = await trial.follow(path, { headers })
    expect(told(await back.until((one) => endOf(third, one)))).to.deep.equal(bothOf(third))
    await back.cancel()
    await trial.close()
  })

  it('of the event log tells much that was missed in one go, and other followers do not wait for it', async () => {
    const memory = memoryRepository()
    let hold: Promise<unknown> = Promise.resolve()
    const look: JobRepository['events']['look'] = async (...asked) => {
      if (asked[0]?.startsWith('old') === true) await hold
      return memory.events.look(asked[0]?.replace('old', ''), 50)
    }
    const trial = apiTrial({ repository: { ...memory, events: { ...memory.events, look } } })
    const path = 'GET /api/v1/events?job=greet'
    const stream = await trial.follow(path)
    const before = await stream.until((text) => text.includes('id: '))
    const headers = { 'Last-Event-ID': `old${/^id: (.*)$/m.exec(before)?.[1] ?? ''}` }
    const ids: string[] = []
    for (let n = 0; n < 120; n += 1) ids.push((await ended(trial.ask, 'greet')).jobExecutionId)
    const last = ids.at(-1) ?? ''
    const all = ids.flatMap(bothOf)
    expect(told(await stream.until((one) => endOf(last, one)))).to.deep.equal(all)

    let goOn = (): void => {}
    hold = new Promise<void>((resolve) => (goOn = resolve))
    const back = await trial.follow(path, { headers })
    const { jobExecutionId: next } = await ended(trial.ask, 'greet')
    await stream.until((one) => endOf(next, one))
    goOn()
    expect(told(await back.until((one) => endOf(next, one)))).to.deep.equal([...all, ...bothOf(next)])
    await stream.cancel()
    await back.cancel()
    await trial.close()
  })

  it('says so where it cannot know what was missed', async () => {
    const trial = apiTrial()
    const headers = { 'Last-Event-ID': 'of-another-server' }
    const stream = await trial.follow('GET /api/v1/events', { headers })
    const text = await stream.until((one) => /^id: /m.test(one))
    expect(parsed(text).map(({ event }) => event)).to.deep.equal(['reset'])
    await stream.cancel()
    await trial.close()
  })

  it('is not begun for a HEAD, and gives its place back when it ends', async () => {
    const trial = apiTrial({ maxStreams: 1 })
    const { id } = await running(trial.ask)
    for (const path of [`executions/${id}/events`, 'events'])
      expect((await trial.ask(`HEAD /api/v1/${path}`)).headers.get('content-type')).to.equal(
        'text/event-stream',
      )
    for (let times = 0; times < 3; times += 1) {
      const stream = await trial.follow('GET /api/v1/events')
      const refused = await trial.ask(`GET /api/v1/executions/${id}/events`)
      expect([refused.status, refused.json.code]).to.deep.equal([503, 'too-many-streams'])
      await stream.cancel()
    }
    await trial.close()
  })

  it('that is silent sends comments', async () => {
    const trial = apiTrial({ heartbeatMilliseconds: 5 })
    const { id } = await running(trial.ask)
    const stream = await trial.follow(`GET /api/v1/executions/${id}/events`)
    await stream.until((text) => (text.match(/^: still here$/gm)?.length ?? 0) > 1)
    await stream.cancel()
    await trial.close()
  })
})

interface Parsed {
  readonly event: string
  readonly id: string | undefined
  readonly data: Readonly<Record<string, unknown>>
}

function parsed(text: string): readonly Parsed[] {
  return text.split('\n\n').flatMap((block) => {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
    const event = field('event')
    if (event === undefined) return []
    return [{ event, id: field('id'), data: JSON.parse(field('data') ?? '{}') as Parsed['data'] }]
  })
}

function told(text: string): readonly string[] {
  return parsed(text).map(({ event, data }) => `${event} ${String(data['jobExecutionId'])}`)
}

function bothOf(jobExecutionId: string): readonly string[] {
  return [`execution.started ${jobExecutionId}`, `execution.completed ${jobExecutionId}`]
}

/** Its end, and the cursor behind it. */
function endOf(jobExecutionId: string, text: string): boolean {
  const at = text.indexOf(
    `"jobExecutionId":"${jobExecutionId}"`,
    text.lastIndexOf('event: execution.completed'),
  )
  return at >= 0 && text.indexOf('\nid: ', at) >= 0
}
