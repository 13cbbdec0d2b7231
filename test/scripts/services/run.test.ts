import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

/** In an environment in which no server can be started. */
function services(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, ['dist/scripts/services/run.js', ...args], {
    encoding: 'utf8',
    env: { PATH: '/nonexistent', XDG_CACHE_HOME: '/nonexistent', ...environment },
  })
}

describe('npm run services', () => {
  it('says in one sentence that a server that was named does not answer', () => {
    const { status, stdout, stderr } = services(['--only', 'cassandra', 'true'], {
      CASSANDRA_CONTACT_POINTS: '127.0.0.1:1',
    })
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' })
    expect(stderr).to.equal(
      'CASSANDRA_CONTACT_POINTS=127.0.0.1:1 does not answer as cassandra does. ' +
        'Start that server, or unset CASSANDRA_CONTACT_POINTS to have one started.\n',
    )
  })

  it('says what the machine lacks, and how it is had', () => {
    const { status, stderr } = services(['--only', 'cassandra'])
    expect(status).to.equal(1)
    expect(stderr).to.match(
      /^This machine lacks\n {2}java 17[^]*apt-get install [^\n]*default-jre-headless maven\n$/,
    )
  })

  it('refuses an option that it does not know, and says which there are', () => {
    const { status, stderr } = services(['--fast'])
    expect(status).to.equal(1)
    expect(stderr).to.match(/^There is no option --fast\.[^]*--only kafka\|cassandra/)
  })
})
