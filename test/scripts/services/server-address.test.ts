import { expect } from 'chai'
import { addressesOf, formatAddress } from '../../../scripts/services/server-address.ts'

const kafka = (text: string) => addressesOf('kafka', { KAFKA_BROKERS: text })

describe('The address of a server in the environment', () => {
  it('is none where the variable is not set, or empty', () => {
    expect(addressesOf('kafka', {})).to.equal(undefined)
    expect(kafka('')).to.equal(undefined)
    expect(kafka('  ')).to.equal(undefined)
  })

  it('may be several, with spaces, without a port, with a protocol, and IPv6', () => {
    expect(kafka('a.example:19092, b.example,PLAINTEXT://c:9,[::1]:1')).to.deep.equal([
      { host: 'a.example', port: 19092 },
      { host: 'b.example', port: 9092 },
      { host: 'c', port: 9 },
      { host: '::1', port: 1 },
    ])
    expect(addressesOf('cassandra', { CASSANDRA_CONTACT_POINTS: '10.0.0.1' })).to.deep.equal([
      { host: '10.0.0.1', port: 9042 },
    ])
  })

  for (const wrong of ['a:', 'a:0', 'a:65536', 'a:b', 'a b:1', ':9092', 'a:1,,b:1', '::1']) {
    it(`is refused as ${JSON.stringify(wrong)}, with the variable named`, () => {
      expect(() => kafka(wrong)).to.throw(/KAFKA_BROKERS holds ".*", which is no address/)
    })
  }

  it('is written as it is read', () => {
    for (const text of ['a:1', '[fe80::1]:9092'])
      expect(kafka(text)?.map(formatAddress)).to.deep.equal([text])
  })
})
