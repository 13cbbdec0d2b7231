import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { kafka } from '../../src/kafka/index.ts'
import { connectionSettings, type KafkaOptions, secretsOf } from '../../src/kafka/kafka-options.ts'

const brokers = 'one:9092, two:9092'

function refusal(options: KafkaOptions): unknown {
  try {
    kafka(options)
  } catch (error) {
    return error
  }
  throw new Error('the options were taken')
}

describe('The options of kafka()', () => {
  it('name the brokers, and nothing secret, in the description', () => {
    const sasl = { mechanism: 'plain', username: 'u', password: 'p' } as const
    expect(kafka({ brokers, sasl }).description).to.equal('kafka one:9092,two:9092')
  })

  it('become the settings of librdkafka', () => {
    expect(connectionSettings({ brokers: ['one:9092'], clientId: 'me' })).to.include({
      'bootstrap.servers': 'one:9092',
      'client.id': 'me',
      'security.protocol': 'plaintext',
    })
    const sasl = { mechanism: 'scram-sha-512', username: 'u', password: 'p' } as const
    const ssl = { ca: '/ca.pem', key: '-----BEGIN PRIVATE KEY-----', checkHostname: false }
    expect(connectionSettings({ brokers, sasl, ssl })).to.include({
      'security.protocol': 'sasl_ssl',
      'sasl.mechanisms': 'SCRAM-SHA-512',
      'sasl.username': 'u',
      'sasl.password': 'p',
      'ssl.ca.location': '/ca.pem',
      'ssl.key.pem': '-----BEGIN PRIVATE KEY-----',
      'ssl.endpoint.identification.algorithm': 'none',
    })
    expect(connectionSettings({ brokers, ssl: true })).to.include({ 'security.protocol': 'ssl' })
  })

  it('pass further settings through', () => {
    expect(connectionSettings({ brokers, settings: { 'queued.min.messages': 5 } })).to.include({
      'queued.min.messages': 5,
    })
  })

  it('refuse settings that hold the guarantees', () => {
    const error = refusal({ brokers, settings: { 'enable.idempotence': false, 'linger.ms': 1, acks: 1 } })
    expect(isBatchError(error, 'INVALID_CONFIGURATION')).to.equal(true)
    expect(String(error)).to.include('enable.idempotence, acks cannot be set')
  })

  it('refuse to have no brokers', () => {
    expect(isBatchError(refusal({ brokers: ' , ' }), 'INVALID_CONFIGURATION')).to.equal(true)
  })

  it('know what must not be shown', () => {
    const sasl = { mechanism: 'plain', username: 'u', password: 'the password' } as const
    const ssl = { key: 'the key', keyPassword: 'its password', ca: 'public' }
    const settings = { 'sasl.oauthbearer.client.secret': 'the secret', 'linger.ms': 1 }
    expect(secretsOf({ brokers, sasl, ssl, settings })).to.have.members([
      'the password',
      'the key',
      'its password',
      'the secret',
    ])
  })
})
