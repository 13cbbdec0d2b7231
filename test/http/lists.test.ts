import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { postgresRepository } from '../../src/repository/postgres/index.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { type WireProxy, wireProxy } from '../repository/postgres/wire-proxy.ts'
import { deliveryTo } from './delivery-to.ts'
import { type AnswerJson, type ApiTrial, apiTrial, ended } from './api-trial.ts'

const MANY = 12

describe('A list of the HTTP API', () => {
  let database: TestDatabase
  let proxy: WireProxy
  let repository: JobRepository
  let trial: ApiTrial
  let parted: string
  let skipped: string

  before(async () => {
    database = await testDatabase()
    proxy = await wireProxy(database.connection)
    const { connection } = proxy
    repository = await postgresRepository({ connection, schema: database.schema, leaseMilliseconds: 6000 })
    trial = apiTrial({ repository })
    parted = (await ended(trial.ask, 'split')).jobExecutionId
    await deliveryTo(repository.webhooks, 'on-call', launchMany)
    await trial.pool.drain('all is launched')
  })
  after(async () => {
    await trial.close()
    await proxy.close()
    await database.close()
  })

  async function launchMany(): Promise<void> {
    for (let times = 0; times < MANY; times += 1) {
      skipped = (await ended(trial.ask, 'skip')).jobExecutionId
      await trial.ask('POST /api/v1/schedules/hourly/trigger')
    }
  }

  async function paths(): Promise<readonly string[]> {
    const { json } = await trial.ask(`GET /api/v1/executions/${parted}/steps`)
    return [
      'executions',
      'executions?job=skip&status=COMPLETED',
      'quarantine',
      'jobs/skip/instances',
      'executions?attention=false&trigger=http&q=n',
      `executions/${skipped}/quarantine`,
      'schedules/hourly/fires',
      'webhooks/deliveries',
      `executions/${parted}/steps/${String(json.items[0]?.['stepExecutionId'])}/partitions`,
    ]
  }

  function withLimit(path: string, limit: number): string {
    return `${path}${path.includes('?') ? '&' : '?'}limit=${limit}`
  }

  it('takes as many statements for a long page as for a short one', async () => {
    for (const path of await paths()) {
      const counts: number[] = []
      for (const limit of [1, 200]) {
        const before = proxy.statements.length
        const { json } = await trial.ask(`GET /api/v1/${withLimit(path, limit)}`)
        expect(json.items.length, path).to.be.greaterThan(0)
        counts.push(proxy.statements.length - before)
      }
      expect(counts[1], path).to.equal(counts[0])
    }
  })

  it('is the same in pages as at once, each item once', async () => {
    for (const path of await paths()) {
      const whole = await trial.ask(`GET /api/v1/${withLimit(path, 200)}`)
      expect(whole.json.nextCursor).to.equal(null)
      const pages: AnswerJson[] = []
      let cursor: string | null = ''
      while (cursor !== null) {
        const more: string = cursor === '' ? '' : `&cursor=${cursor}`
        const { json } = await trial.ask(`GET /api/v1/${withLimit(path, 3)}${more}`)
        expect(json.items.length, path).to.be.lessThan(4)
        pages.push(...json.items)
        cursor = json.nextCursor
      }
      expect(pages, path).to.deep.equal(whole.json.items)
    }
  })

  it('takes no cursor of another list, or of other filters', async () => {
    const { json } = await trial.ask('GET /api/v1/executions?limit=1')
    const cursor = String(json.nextCursor)
    for (const path of [
      'executions?job=skip',
      'quarantine?which=open',
      'schedules/hourly/fires?limit=3',
      'executions?limit=9',
    ]) {
      const { status } = await trial.ask(`GET /api/v1/${path}&cursor=${cursor}`)
      expect(status, path).to.equal(path === 'executions?limit=9' ? 200 : 422)
    }
    for (const wrong of [
      `${cursor}x`,
      cursor.slice(1),
      Buffer.from('x.1').toString('base64url'),
      `${cursor}.1`,
    ])
      expect((await trial.ask(`GET /api/v1/executions?cursor=${wrong}`)).status, wrong).to.equal(422)
  })
})
