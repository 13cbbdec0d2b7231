import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { jobRepositoryContract } from '../../../src/testing/contracts/job-repository.ts'
import { type TestDatabase, testDatabase } from '../../embedded-postgres.ts'

describe('The Postgres job repository', () => {
  let database: TestDatabase
  const zone = process.env['TZ']

  before(async () => {
    database = await testDatabase()
    // Far from UTC, so that a time which is read or written in the zone of this process shows.
    process.env['TZ'] = 'Asia/Tokyo'
  })

  after(async () => {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
    await database.close()
  })

  const open = () => postgresRepository({ connection: database.connection, schema: database.schema })
  for (const { promise, check } of jobRepositoryContract(open)) it(promise, check)
})
