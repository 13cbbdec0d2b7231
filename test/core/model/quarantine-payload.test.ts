import { expect } from 'chai'
import { BatchError } from '../../../src/core/model/batch-error.ts'
import {
  PAYLOAD_LIMIT,
  quarantinedError,
  quarantinePayload,
  quarantineRaw,
} from '../../../src/core/model/quarantine-payload.ts'

describe('What the quarantine keeps of an item', () => {
  it('is the item, where it can be kept', () => {
    expect(quarantinePayload({ id: 1n })).to.deep.equal({ kind: 'item', json: '{"id":{"$bigint":"1"}}' })
  })

  it('is the beginning of one that is too large, with its size', () => {
    const payload = quarantinePayload('x'.repeat(PAYLOAD_LIMIT))
    expect(payload).to.deep.include({ kind: 'cut', reason: 'it has 65538 bytes; at most 65536 are kept' })
    expect((payload as { text: string }).text).to.match(/^"x{1999}$/)
  })

  it('counts bytes, not characters', () => {
    expect(quarantinePayload('€€', 7).kind).to.equal('cut')
    expect(quarantinePayload('€€', 8).kind).to.equal('item')
  })

  it('is how it looks, where JSON cannot hold it', () => {
    const payload = quarantinePayload({ site: new URL('http://a/') })
    expect(payload).to.include({ kind: 'cut' })
    expect((payload as { reason: string }).reason).to.equal(
      'the item.site is an object of class URL, which JSON cannot hold',
    )
    expect((payload as { text: string }).text).to.contain('http://a/')
  })

  it('survives items that throw when they are looked at', () => {
    const hostile = {
      get price(): number {
        throw new Error('no price')
      },
    }
    expect(quarantinePayload(hostile)).to.include({ kind: 'cut' })
    let deep: unknown = 1
    for (let level = 0; level < 20_000; level += 1) deep = [deep]
    expect(quarantinePayload(deep)).to.include({ kind: 'cut' })
  })

  it('is the record of the source, for one that could not be read', () => {
    expect(quarantineRaw('a,b')).to.deep.equal({ kind: 'raw', text: 'a,b' })
    expect(quarantineRaw('abcd', 'exact', 3)).to.include({ kind: 'cut' })
    expect(quarantineRaw('a\ufffdb', 'lossy')).to.include({ kind: 'cut', text: 'a\ufffdb' })
  })
})

describe('What the quarantine keeps of an error', () => {
  it('is its code, or its name, and its message', () => {
    expect(quarantinedError(new TypeError('no'))).to.deep.equal({ type: 'TypeError', message: 'no' })
    expect(quarantinedError(Object.assign(new Error('twice'), { code: '23505' })).type).to.equal('23505')
    expect(quarantinedError(new BatchError('WRITE_FAILED', 'x')).type).to.equal('WRITE_FAILED')
    expect(quarantinedError('a text')).to.deep.equal({ type: 'string', message: 'a text' })
  })
})
