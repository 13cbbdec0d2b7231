/** The tables of the contract of a Cassandra client, and a row with a value of every type. */
import type { CqlValue } from '../../src/cassandra/cassandra-client.ts'

export const CONTRACT_TYPE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  address: { street: 'text', numbers: 'frozen<list<int>>' },
}

export const CONTRACT_TABLES = {
  reading: {
    columns: {
      Sensor: 'text',
      part: 'bigint',
      day: 'int',
      hour: 'int',
      value: 'decimal',
      note: 'text',
      room: 'text',
      tags: 'list<text>',
    },
    partitionKey: ['Sensor', 'part'],
    clusteringKey: ['day', { column: 'hour', order: 'desc' }],
    static: ['room'],
  },
  tally: { columns: { id: 'int', n: 'counter' }, partitionKey: ['id'] },
  everything: {
    columns: {
      id: 'int',
      a: 'ascii',
      b: 'bigint',
      bl: 'blob',
      bo: 'boolean',
      d: 'date',
      de: 'decimal',
      dou: 'double',
      dur: 'duration',
      f: 'float',
      i: 'inet',
      l: 'list<frozen<map<text, uuid>>>',
      m: 'map<date, frozen<list<bigint>>>',
      s: 'set<timeuuid>',
      si: 'smallint',
      te: 'text',
      ti: 'time',
      tin: 'tinyint',
      ts: 'timestamp',
      tu: 'frozen<tuple<int, text, varint>>',
      tuu: 'timeuuid',
      u: 'uuid',
      ud: 'frozen<address>',
      v: 'varint',
    },
    partitionKey: ['id'],
  },
} as const

export const EVERYTHING: Readonly<Record<string, CqlValue>> = {
  id: -7,
  a: 'plain',
  b: 9_223_372_036_854_775_807n,
  bl: Buffer.from([0, 1, 254, 255]),
  bo: false,
  d: '2026-02-28',
  de: '-12345678901234567890.000100',
  dou: 0.1 + 0.2,
  dur: '1y2mo3d4h5m6s7ms8us9ns',
  f: 1.5,
  i: '2001:db8::1',
  l: [new Map([['one', '123e4567-e89b-42d3-a456-426614174000']]), new Map()],
  m: new Map<CqlValue, CqlValue>([
    ['1969-12-31', [-1n, 2n ** 62n]],
    ['2026-11-22', []],
  ]),
  s: new Set(['50554d6e-29bb-11e5-b345-feff819cdc9f']),
  si: -32_768,
  te: 'Grüße 🙂',
  ti: '08:20:30.123456789',
  tin: 127,
  ts: new Date('2026-11-22T08:20:30.123Z'),
  tu: [1, null, -(2n ** 80n)],
  tuu: '50554d6e-29bb-11e5-b345-feff819cdc9f',
  u: '123e4567-e89b-42d3-a456-426614174000',
  ud: { street: 'Am Markt', numbers: [] },
  v: 2n ** 100n,
}
