import { expect } from 'chai'
import { parseServicesCommand } from '../../../scripts/services/command-line.ts'

describe('The command line of npm run services', () => {
  it('asks for both servers when it asks for nothing', () => {
    expect(parseServicesCommand([])).to.deep.equal({ servers: ['kafka', 'cassandra'] })
  })

  it('has options before the command, and leaves the options of the command to it', () => {
    const args = [
      '--only',
      'cassandra',
      '--commitlog-sync',
      'periodic',
      '--cassandra-port',
      '9042',
      'ls',
      '--only',
      'x',
    ]
    expect(parseServicesCommand(args)).to.deep.equal({
      servers: ['cassandra'],
      commitlogSync: 'periodic',
      cassandraPort: 9042,
      command: ['ls', '--only', 'x'],
    })
  })

  it('may set the command apart with --', () => {
    expect(parseServicesCommand(['--only', 'kafka', '--', '--strange'])).to.deep.equal({
      servers: ['kafka'],
      command: ['--strange'],
    })
  })

  it('says what may be written instead of what was', () => {
    expect(() => parseServicesCommand(['--only', 'postgres'])).to.throw(
      '--only takes kafka or cassandra, not postgres',
    )
    expect(() => parseServicesCommand(['--only'])).to.throw('not nothing')
    expect(() => parseServicesCommand(['--kafka-port', '0'])).to.throw(
      '--kafka-port takes a port from 1 to 65535, not 0',
    )
    expect(() => parseServicesCommand(['--quick'])).to.throw(/no option --quick[^]*--commitlog-sync/)
  })
})
