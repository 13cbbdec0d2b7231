/** Makes tables on a server of what makes them in memory. */
import type { MemoryCassandraTable } from '../../src/testing/index.ts'

const quoted = (name: string): string => `"${name}"`

export function createTable(name: string, table: MemoryCassandraTable): string {
  const { columns, partitionKey, clusteringKey = [], static: statics = [] } = table
  const clustering = clusteringKey.map((key) =>
    typeof key === 'string' ? { column: key, order: 'asc' } : key,
  )
  const definitions = Object.entries(columns).map(
    ([column, type]) => `${quoted(column)} ${type}${statics.includes(column) ? ' static' : ''}`,
  )
  const key = [`(${partitionKey.map(quoted).join(', ')})`, ...clustering.map(({ column }) => quoted(column))]
  const order = clustering.map(({ column, order: direction }) => `${quoted(column)} ${direction}`)
  const options = order.length === 0 ? '' : ` with clustering order by (${order.join(', ')})`
  return `create table ${quoted(name)} (${definitions.join(', ')}, primary key (${key.join(', ')}))${options}`
}

export function createType(name: string, fields: Readonly<Record<string, string>>): string {
  const definitions = Object.entries(fields).map(([field, type]) => `${quoted(field)} ${type}`)
  return `create type ${quoted(name)} (${definitions.join(', ')})`
}
