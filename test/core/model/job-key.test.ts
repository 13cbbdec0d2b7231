import { expect } from 'chai'
import { jobKey } from '../../../src/core/model/job-key.ts'
import type { JobParameter } from '../../../src/core/model/job-parameters.ts'

const one = (name: string, type: string, text: string): JobParameter => ({
  name,
  type,
  text,
  identifying: true,
})

/** Computed by Spring Batch 6 itself. `text` is what its repository stores. */
const VECTORS: readonly (readonly [string, readonly JobParameter[], string])[] = [
  ['no parameters', [], 'd41d8cd98f00b204e9800998ecf8427e'],
  ['a String', [one('name', 'java.lang.String', 'foo')], 'e67c91b540ae6eedc616d31e3bfd0604'],
  ['a Long', [one('run.id', 'java.lang.Long', '1')], 'c10c24e08259063ee40f28b6aa617f12'],
  [
    'a String and a Long, whatever their order',
    [one('run.id', 'java.lang.Long', '1'), one('name', 'java.lang.String', 'foo')],
    '24489ebb6ba1b0f37cde98a58bc2e0eb',
  ],
  ['a whole Double', [one('d', 'java.lang.Double', '1.0')], 'e3582ae9104a87be37979571b5ef845d'],
  ['a fractional Double', [one('d', 'java.lang.Double', '0.1')], '5a177d328faa3c52e48e8daaf59c8350'],
  ['a large Double', [one('d', 'java.lang.Double', '1.5E10')], 'aedd1217cc16d1d62626aa085cc3e1fe'],
  ['a small Double', [one('d', 'java.lang.Double', '1.0E-5')], 'b9129ec9807e3ecba06d9390ac7febc3'],
  ['an Integer', [one('i', 'java.lang.Integer', '7')], '8a56121726f6017beed36691ec084f9e'],
  ['a Boolean', [one('b', 'java.lang.Boolean', 'true')], '54a5f45bb02e54e745ed536335d6af25'],
  [
    'a Date in UTC',
    [one('date', 'java.util.Date', '1970-01-01T00:00:00Z')],
    '68bd80c99857571b193ad132dc624ca3',
  ],
  ['a LocalDate', [one('ld', 'java.time.LocalDate', '2026-02-01')], '5a4bdb3925d01969c65043f876e68eea'],
  ['a LocalTime', [one('lt', 'java.time.LocalTime', '10:00:00')], '00844e99f84d91995154de64cf3db98e'],
  [
    'a LocalTime with a fraction',
    [one('lt', 'java.time.LocalTime', '10:00:01.5')],
    '2936ad2b609091e5b9e14aa4f9c96647',
  ],
  [
    'a LocalDateTime',
    [one('ldt', 'java.time.LocalDateTime', '2026-02-01T10:00:00')],
    '3b9aefd177997e53bd8a3c2094fc6bd6',
  ],
  [
    'a LocalDateTime with microseconds',
    [one('ldt', 'java.time.LocalDateTime', '2026-02-01T10:00:05.123456')],
    '2bb15550341f88dd6da49ea1611d4e48',
  ],
  [
    'a ZonedDateTime',
    [one('zdt', 'java.time.ZonedDateTime', '2026-02-01T10:00+01:00[Europe/Paris]')],
    'c9a5962b1c91e141a1b1637322d99f5a',
  ],
  [
    'an OffsetDateTime',
    [one('odt', 'java.time.OffsetDateTime', '2026-02-01T10:00Z')],
    '9074df92f5ba9dbe89963e107b68a13d',
  ],
  [
    'an Instant',
    [one('in', 'java.time.Instant', '1970-01-01T00:00:00Z')],
    'dbff638ddffad1b9969b9738138bc86e',
  ],
  [
    'a UUID',
    [one('u', 'java.util.UUID', '00000000-0000-0000-0000-000000000001')],
    '6bed829d4b69d3ae6cae29e22488f755',
  ],
  ['names and values beyond ASCII', [one('é', 'java.lang.String', 'ü')], '15c71c9eb000b23cdeeb3cafe4052002'],
]

describe('The job key', () => {
  for (const [what, parameters, key] of VECTORS) {
    it(`equals Spring Batch's for ${what}`, () => {
      expect(jobKey(parameters)).to.equal(key)
    })
  }

  it("equals Spring Batch's for a Date in the zone of another JVM", () => {
    expect(jobKey([one('date', 'java.util.Date', '1970-01-01T00:00:00Z')], 'Europe/Paris')).to.equal(
      '81d4bfc3cced48e02c55a26220d11769',
    )
  })

  it('leaves out what does not identify', () => {
    const chunkSize = { name: 'chunkSize', type: 'java.lang.Long', text: '500', identifying: false }
    expect(jobKey([one('name', 'java.lang.String', 'foo'), chunkSize])).to.equal(
      jobKey([one('name', 'java.lang.String', 'foo')]),
    )
  })
})
