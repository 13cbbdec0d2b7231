import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { notRunSummary } from './not-run.ts'

const PLUMBING = resolve('dist/test/servers/describe-with-servers.js')

describe('A suite that needs servers, where there are none', () => {
  let folder: string

  before(() => {
    mkdirSync('dist/samples', { recursive: true })
    folder = mkdtempSync('dist/samples/servers-')
    const suites = [
      `import { describeWithKafka, describeWithOwnServers } from ${JSON.stringify(PLUMBING)}`,
      "describeWithKafka('Reads a log', () => it('reads', () => { throw new Error('was run') }))",
      "describeWithOwnServers('Outlives a node', ['cassandra'], () => it('outlives', () => { throw new Error('was run') }))",
    ]
    writeFileSync(join(folder, 'sample.test.js'), suites.join('\n'))
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  function mocha(environment: NodeJS.ProcessEnv) {
    const {
      KAFKA_BROKERS: _,
      CASSANDRA_CONTACT_POINTS: __,
      BATCHWRIGHT_TEST_SERVERS: ___,
      ...rest
    } = process.env
    const files = ['--no-config', '--reporter', 'dot', join(folder, 'sample.test.js')]
    return spawnSync(process.execPath, ['node_modules/mocha/bin/mocha.js', ...files], {
      encoding: 'utf8',
      env: { ...rest, ...environment },
    })
  }

  it('is skipped, and the last words say why and what runs it', () => {
    const { status, stdout, stderr } = mocha({})
    expect(status, stdout + stderr).to.equal(0)
    expect(stdout).to.match(/0 passing[^]*2 pending/)
    expect(stderr).to.match(/2 SUITES WERE NOT RUN[^]*KAFKA_BROKERS is not set:\n {4}- Reads a log\n/)
    expect(stderr.trimEnd().split('\n').at(-1)).to.equal('  Run them with: npm run test:servers')
  })

  it('fails where servers are required', () => {
    const { status, stdout, stderr } = mocha({ BATCHWRIGHT_TEST_SERVERS: 'required' })
    expect(status).to.equal(2)
    expect(stdout + stderr).to.match(/CASSANDRA_CONTACT_POINTS is not set: npm run test:servers/)
    expect(stderr).not.to.match(/NOT RUN/)
  })

  it('is named once below each reason', () => {
    const suites = new Map([
      ['One', 'no Kafka'],
      ['Two', 'no Cassandra'],
      ['Three', 'no Kafka'],
    ])
    expect(notRunSummary(suites)).to.equal(
      '\n  3 SUITES WERE NOT RUN, for want of real servers\n  no Kafka:\n    - One\n    - Three\n' +
        '  no Cassandra:\n    - Two\n  Run them with: npm run test:servers\n\n',
    )
  })
})
